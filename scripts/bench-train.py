"""Training throughput of nn-train beside PyTorch in Python: same networks, same data shapes, same optimiser, one thread.

Steps a second of processor time, so that what else runs on the machine takes little part in it.

    python bench-train.py THROUGHPUT WORKER FOLDER SECONDS [JSON]     compares; the first two are the Rust programs
    python bench-train.py --side FOLDER/NAME SECONDS                  PyTorch's side of one network
    python bench-train.py --sides SECONDS                             of each that a line of standard input names

Also the time from the start of a worker to its first step, with images in its cache: 10,000 of 28 x 28, and 60,000 of 32 x 32 in
colour.
"""

import importlib.util
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time

EXAMPLES, BATCH = 2048, 64


def side(folder, seconds):
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(1)
    with open(os.path.join(folder, "shape.json")) as file:
        setting = json.load(file)
    spec = importlib.util.spec_from_file_location("model", os.path.join(folder, "model.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.Network()
    inputs = torch.randn(EXAMPLES, *setting["shape"])
    if setting["classes"]:
        targets = torch.randint(setting["classes"], (EXAMPLES,))
        loss_of = torch.nn.functional.nll_loss
    else:
        targets = torch.randn(EXAMPLES, 1)
        loss_of = torch.nn.functional.mse_loss
    decaying = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() <= 1]
    groups = [{"params": decaying, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, lr=1e-4, momentum=0.9, nesterov=True)
    state = {"start": 0, "order": torch.randperm(EXAMPLES)}

    def step():
        if state["start"] + BATCH > EXAMPLES:
            state["start"], state["order"] = 0, torch.randperm(EXAMPLES)
        rows = state["order"][state["start"]:state["start"] + BATCH]
        state["start"] += BATCH
        loss = loss_of(network(inputs[rows]), targets[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    step()
    print('{"first":true}', flush=True)
    for _ in range(4):
        step()
    begin, best = time.perf_counter(), 0.0
    while time.perf_counter() - begin < seconds:
        stretch, before, steps = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - stretch < seconds / 10:
            step()
            steps += 1
        best = max(best, steps / (time.process_time() - before))
    with open("/proc/self/status") as file:
        peak = next(float(line.split()[1]) for line in file if line.startswith("VmHWM:"))
    print(json.dumps({"steps_per_second": best, "peak_mb": peak / 1024}), flush=True)


def sides(seconds):
    """Each network in a process of its own, forked once PyTorch is there: its start takes longer than the rest."""
    import torch

    torch.set_num_threads(1)
    print('{"ready":true}', flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            side(line.strip(), seconds)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(1)


ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")


def measure(command):
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as child:
        child.stdout.readline()
        first = time.perf_counter() - begin
        figures = json.loads(child.stdout.readline())
    figures["first_step_s"] = first
    return figures


class Sides:
    """PyTorch's side where time is short; a network's start is that of PyTorch, measured once, and its own."""

    def __init__(self, seconds):
        begin = time.perf_counter()
        command = [sys.executable, os.path.abspath(__file__), "--sides", str(seconds)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        self.child.stdout.readline()
        self.start = time.perf_counter() - begin

    def measure(self, folder):
        begin = time.perf_counter()
        print(folder, file=self.child.stdin, flush=True)
        self.child.stdout.readline()
        first = self.start + time.perf_counter() - begin
        return dict(json.loads(self.child.stdout.readline()), first_step_s=first)


def worker_start(worker, folder, count, channels, side):
    """Seconds from the start of a worker to its first step and their processor time; the best of five."""
    random.seed(1)
    with open(os.path.join(folder, "images-idx4-ubyte"), "wb") as file:
        file.write(struct.pack(">5I", 2052, count, channels, side, side))
        for _ in range(count):
            file.write(random.randbytes(channels * side * side))
    with open(os.path.join(folder, "labels-idx1-ubyte"), "wb") as file:
        file.write(struct.pack(">2I", 2049, count) + bytes(i % 10 for i in range(count)))
    layers = [{"op": "ip"}, {"op": "conv3", "units": 16, "stride": 1}, {"op": "max-pool"}, {"op": "fc", "units": 32},
              {"op": "softmax"}, {"op": "op"}]
    job = {
        "protocol": 2, "evaluation": 1, "seed": 1, "device": "cpu",
        "network": {"kind": "cnn", "layers": layers, "edges": [[i, i + 1] for i in range(len(layers) - 1)]},
        "task": {"path": os.path.join(folder, "images-idx4-ubyte"), "labels": os.path.join(folder, "labels-idx1-ubyte"),
                 "task": "class", "cache": os.path.join(folder, "cache"), "image": [channels, side, side],
                 # What is scored after the step takes no time.
                 "split": {"train": 0.98, "validation": 0.01, "test": 0.01}},
        "training": {"steps": 1, "warmup": 0},
    }
    starts = []
    # Files that have just been written are not trusted to stay as they are.
    time.sleep(5)
    # The first fills the cache.
    for _ in range(6):
        before, begin = os.times(), time.perf_counter()
        with subprocess.Popen([worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as child:
            print(json.dumps(job), file=child.stdin, flush=True)
            events = [json.loads(child.stdout.readline()) for _ in range(2)]
            wall = time.perf_counter() - begin
            if events[1].get("event") != "progress":
                sys.exit(f"the worker says {events[1]}")
            child.communicate()
        after = os.times()
        starts.append((wall, after.children_user + after.children_system - before.children_user - before.children_system))
    return [min(column) for column in zip(*starts[1:])]


def main(program, worker, folder, seconds, json_path=None):
    rows = []
    with tempfile.TemporaryDirectory() as place:
        start, start_processor = worker_start(worker, place, 10000, 1, 28)
        large_start, large_processor = worker_start(worker, place, 60000, 3, 32)
    say = sys.stderr if json_path == "-" else sys.stdout
    print(f"{'network':<24}{'steps/s':>10}{'PyTorch':>10}{'ratio':>7}{'MB':>7}{'PyTorch':>9}{'start s':>9}{'PyTorch':>9}", file=say)
    quick = Sides(seconds) if seconds <= 1 else None
    for name in sorted(os.listdir(folder)):
        here = os.path.join(folder, name)
        # In turns, so that a slow spell of the machine hits both.
        ours, theirs = [], []
        turns = 1 if quick else 2
        for _ in range(turns):
            ours.append(measure([program, "run", here, str(seconds / turns)]))
            theirs.append(quick.measure(here) if quick else
                          measure([sys.executable, os.path.abspath(__file__), "--side", here, str(seconds / turns)]))
        best = lambda runs: {"steps_per_second": max(r["steps_per_second"] for r in runs),
                             "peak_mb": min(r["peak_mb"] for r in runs),
                             "first_step_s": min(r["first_step_s"] for r in runs)}
        a, b = best(ours), best(theirs)
        ratio = a["steps_per_second"] / b["steps_per_second"]
        rows.append({"network": name, "nasbot": a, "pytorch": b, "ratio": ratio})
        print(f"{name:<24}{a['steps_per_second']:>10.1f}{b['steps_per_second']:>10.1f}{ratio:>7.2f}{a['peak_mb']:>7.0f}"
              f"{b['peak_mb']:>9.0f}{a['first_step_s']:>9.2f}{b['first_step_s']:>9.2f}", file=say, flush=True)
    ratios = lambda prefix: [row["ratio"] for row in rows if row["network"].startswith(prefix)]
    if quick:
        quick.child.communicate()
    memory = max(row["nasbot"]["peak_mb"] / row["pytorch"]["peak_mb"] for row in rows)
    summary = {"least": min(row["ratio"] for row in rows), "median_cnn": statistics.median(ratios("cnn")),
               "median_mlp": statistics.median(ratios("mlp")),
               "largest_memory": memory, "worker_start_s": start, "worker_start_processor_s": start_processor,
               "worker_start_large_s": large_start, "worker_start_large_processor_s": large_processor}
    print(f"ratio of throughputs: least {summary['least']:.2f}, median of CNNs {summary['median_cnn']:.2f}, "
          f"of MLPs {summary['median_mlp']:.2f}; of memory: largest {memory:.2f}", file=say)
    print(f"worker, from its start to its first step, data cached: {start:.2f} s, {start_processor:.2f} s of processor time; "
          f"with 60,000 images of 32 x 32 in colour {large_start:.2f} s, {large_processor:.2f} s", file=say)
    if json_path:
        text = json.dumps({"networks": rows, "summary": summary})
        if json_path == "-":
            print(text)
        else:
            with open(json_path, "w") as file:
                file.write(text + "\n")


if sys.argv[1] == "--side":
    side(sys.argv[2], float(sys.argv[3]))
elif sys.argv[1] == "--sides":
    sides(float(sys.argv[2]))
else:
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), *sys.argv[5:])
