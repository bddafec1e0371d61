"""Training throughput of nn-train beside PyTorch in Python: same networks, same data shapes, same optimiser, one thread.

Steps a second of processor time, so that what else runs on the machine takes little part in it.

    python bench-train.py THROUGHPUT FOLDER SECONDS [JSON]     compares; THROUGHPUT is the Rust program
    python bench-train.py --side FOLDER/NAME SECONDS           PyTorch's side of one network
"""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
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


def measure(command):
    environment = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        child.stdout.readline()
        first = time.perf_counter() - begin
        figures = json.loads(child.stdout.readline())
    figures["first_step_s"] = first
    return figures


def main(program, folder, seconds, json_path=None):
    rows = []
    say = sys.stderr if json_path == "-" else sys.stdout
    print(f"{'network':<24}{'steps/s':>10}{'PyTorch':>10}{'ratio':>7}{'MB':>7}{'PyTorch':>9}{'start s':>9}{'PyTorch':>9}", file=say)
    for name in sorted(os.listdir(folder)):
        here = os.path.join(folder, name)
        # In turns, so that a slow spell of the machine hits both.
        ours, theirs = [], []
        # PyTorch takes seconds to start: once must do where time is short.
        turns = 2 if seconds > 1 else 1
        for _ in range(turns):
            ours.append(measure([program, "run", here, str(seconds / turns)]))
            theirs.append(measure([sys.executable, os.path.abspath(__file__), "--side", here, str(seconds / turns)]))
        best = lambda runs: {"steps_per_second": max(r["steps_per_second"] for r in runs),
                             "peak_mb": min(r["peak_mb"] for r in runs),
                             "first_step_s": min(r["first_step_s"] for r in runs)}
        a, b = best(ours), best(theirs)
        ratio = a["steps_per_second"] / b["steps_per_second"]
        rows.append({"network": name, "nasbot": a, "pytorch": b, "ratio": ratio})
        print(f"{name:<24}{a['steps_per_second']:>10.1f}{b['steps_per_second']:>10.1f}{ratio:>7.2f}{a['peak_mb']:>7.0f}"
              f"{b['peak_mb']:>9.0f}{a['first_step_s']:>9.2f}{b['first_step_s']:>9.2f}", file=say, flush=True)
    ratios = lambda prefix: [row["ratio"] for row in rows if row["network"].startswith(prefix)]
    summary = {"least": min(row["ratio"] for row in rows), "median_cnn": statistics.median(ratios("cnn")),
               "median_mlp": statistics.median(ratios("mlp"))}
    print(f"ratio of throughputs: least {summary['least']:.2f}, median of CNNs {summary['median_cnn']:.2f}, "
          f"of MLPs {summary['median_mlp']:.2f}", file=say)
    if json_path:
        text = json.dumps({"networks": rows, "summary": summary})
        if json_path == "-":
            print(text)
        else:
            with open(json_path, "w") as file:
                file.write(text + "\n")


if sys.argv[1] == "--side":
    side(sys.argv[2], float(sys.argv[3]))
else:
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[4:])
