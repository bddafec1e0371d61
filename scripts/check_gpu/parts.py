"""The parts: each measures or compares one thing and prints its rows."""

import json
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import threading
import time

import card
from eager import Eager
from worker import NETWORKS, Worker, job, pictures

BATCHES = (64, 512)
PRECISIONS = ("fp32", "tf32", "bf16")
# Seconds from a job to its first step in a process that has done the same before.
GOAL = 0.05


def failure(events):
    """The message of a job that failed."""
    event = events[-1][1]
    return f"{event.get('kind', event['event'])}: {event.get('message', '')}"


def start(setting):
    """From a job to its first step: a new process, and one that has done the same before."""
    count = setting.size(60_000, 20_000, 2_000)
    task = pictures(os.path.join(setting.folder, "start"), count)
    # Files that have just been written are not trusted to stay as they are.
    time.sleep(3)
    cold, warm = [], []
    for _ in range(2):
        with Worker(setting.worker) as worker:
            for turn in range(4):
                events = worker.run(job(NETWORKS["small"], task, setting.device, {"steps": 1, "warmup": 0}))
                if events[-1][1]["event"] != "done":
                    return setting.row("start", f"{count} pictures", False, error=failure(events))
                step = worker.first_step()
                (warm if turn else cold).append(step if turn else worker.hello + step)
    # The first process of all has read the pictures and written the cache.
    setting.row("start", f"new process, {count} pictures cached", seconds=cold[-1])
    step = statistics.median(warm)
    return setting.row("start", "the same process again", step <= GOAL, seconds=step, goal=GOAL)


def images_a_second(setting, worker, network, task, batch, precision, epochs):
    """Training pictures a second, by the times between epochs; and how many there are an epoch."""
    training = {"epochs": epochs, "batch": batch, "optimiser": "sgd", "learning-rate": 0.01, "precision": precision, "warmup": 0,
                "evaluate-every": epochs}
    events = worker.run(job(network, task, setting.device, training))
    times = [at for at, event in events if event["event"] == "progress"]
    if events[-1][1]["event"] != "done" or len(times) < 2:
        raise RuntimeError(failure(events))
    # The last is scored.
    spans = [b - a for a, b in zip(times[:-1], times[1:-1])] or [times[1] - times[0]]
    return setting.training / statistics.median(spans)


def throughput(setting):
    """Pictures a second beside PyTorch in its better layout and beside its step as a CUDA graph."""
    count = setting.size(18_206, 9_104, 288)
    task = pictures(os.path.join(setting.folder, "throughput"), count)
    setting.training = int(0.9 * count)
    names = list(NETWORKS) if setting.card else ["small"]
    with Worker(setting.worker, threads=None if setting.card else 1) as worker:
        for name in names:
            eager = Eager.of(setting, worker, name, task)
            for batch in BATCHES if setting.card else (64,):
                for precision in PRECISIONS if setting.card else ("fp32",):
                    epochs = (12 if name == "small" else 6) if setting.card else 3
                    ours = images_a_second(setting, worker, NETWORKS[name], task, batch, precision, epochs)
                    figures = eager.measure(batch, precision) if eager else {}
                    ratio = ours / figures["eager"] if figures else None
                    graph = figures.get("graph")
                    setting.row("throughput", f"{name}, {batch}, {precision}", None, ours=round(ours), ratio=ratio,
                                eager=figures.get("eager") and round(figures["eager"]), graph=graph and round(graph),
                                ratio_to_graph=graph and ours / graph)


def weights(path):
    """The 32-bit numbers of a file with weights, by name."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8:8 + length])
    body = data[8 + length:]
    found = {}
    for name, about in head.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            begin, end = about["data_offsets"]
            found[name] = struct.unpack(f"<{(end - begin) // 4}f", body[begin:end])
    return found


def equal(setting):
    """One step on the processor and on the device from the same weights: the step's difference is the gradient's."""
    # 256 pictures to train on are one batch, so that their order is no matter.
    task = pictures(os.path.join(setting.folder, "equal"), 286)
    training = {"epochs": 2, "batch": 256, "optimiser": "sgd", "learning-rate": 0.05, "momentum": 0.0, "nesterov": False,
                "weight-decay": 0.0, "warmup": 0, "precision": "fp32", "schedule": "constant"}
    for name in ("small", "resnet", "branchy") if setting.card else ("small",):
        first = os.path.join(setting.folder, f"{name}.state")
        with Worker(setting.worker, threads=1) as worker:
            events = worker.run(job(NETWORKS[name], task, "cpu", training, stage={"until": 1, "checkpoint": first}))
        if events[-1][1]["event"] != "done":
            return setting.row("equal", name, False, error=failure(events))
        found = []
        # Without a card two threads stand for it, which add in another order than one.
        for device, threads in (("cpu", 1), (setting.device, 2)):
            state = f"{first}.{len(found)}"
            shutil.copy(first, state)
            save = f"{state}.safetensors"
            with Worker(setting.worker, threads) as worker:
                events = worker.run(job(NETWORKS[name], task, device, training, save=save, stage={"until": 2, "checkpoint": state}))
            if events[-1][1]["event"] != "done":
                return setting.row("equal", name, False, error=failure(events))
            found.append((weights(save), events[-1][1]["metrics"]))
        (one, scores), (other, other_scores) = found
        difference = sum((a - b) ** 2 for key in one for a, b in zip(one[key], other[key])) ** 0.5
        size = sum(a * a for key in one for a in one[key]) ** 0.5
        loss = abs(scores["loss"] - other_scores["loss"]) / abs(scores["loss"])
        setting.row("equal", f"{name}: weights after two steps", difference / size < 1e-4, relative=difference / size)
        setting.row("equal", f"{name}: loss of the second step", loss < 1e-4, relative=loss)
    return None


def seed(setting):
    """The same evaluation twice."""
    task = pictures(os.path.join(setting.folder, "seed"), setting.size(4_000, 2_000, 300))
    scores = []
    with Worker(setting.worker) as worker:
        for _ in range(2):
            training = {"epochs": 2, "batch": 64, "warmup": 0, "optimiser": "sgd", "learning-rate": 0.05}
            events = worker.run(job(NETWORKS["small"], task, setting.device, training))
            if events[-1][1]["event"] != "done":
                return setting.row("seed", "twice", False, error=failure(events))
            scores.append(events[-1][1]["metrics"]["loss"])
    same = scores[0] == scores[1]
    # On the processor it is the same to the last bit; on a card nothing is said yet.
    return setting.row("seed", "twice", None if setting.card else same, same_bits=same, difference=abs(scores[0] - scores[1]))


def workers(setting):
    """Evaluations a minute of a search with more and more workers on one device."""
    folder = os.path.join(setting.folder, "workers")
    task = pictures(folder, setting.size(20_000, 10_000, 400))
    best = 0.0
    for number in (1, 2, 4, 8, '"auto"') if setting.card else (1, 2, '"auto"'):
        is_auto = number == '"auto"'
        count = setting.size(32, 16, 4) if is_auto else max(2 * number, setting.size(8, 4, 2))
        toml = os.path.join(folder, f"s{'auto' if is_auto else number}.toml")
        with open(toml, "w") as file:
            file.write(f"""[space]
kind = "cnn"
max-layers = 12
max-units = 64
[data]
path = "{task['path']}"
labels = "{task['labels']}"
task = "class"
image = [3, 32, 32]
[training]
epochs = 2
batch = 128
[search]
strategy = "random"
[workers]
devices = ["{setting.device.split(':')[0] if not setting.card else setting.device}"]
per-device = {number}
[budget]
evaluations = {count}
""")
        since = time.monotonic()
        ran = subprocess.run([setting.nasbot, "search", toml, "--format", "json", *([] if is_auto else ["-q"])], cwd=folder, capture_output=True, text=True,
                             env=dict(os.environ, NASBOT_WORKER=setting.worker), timeout=900)
        if ran.returncode:
            return setting.row("workers", f"{number} at once", False, error=ran.stderr.strip()[-200:])
        rate = 60 * count / (time.monotonic() - since)
        if is_auto:
            # It begins with one, and has to find the others' best.
            setting.row("workers", "automatic", evaluations_a_minute=rate, best_of_the_others=best,
                        says="; ".join(line.strip() for line in ran.stderr.splitlines() if "at once" in line)[-300:])
        else:
            best = max(best, rate)
            setting.row("workers", f"{number} at once", evaluations_a_minute=rate)
    return None


def trouble(setting):
    """What is said where a card is missing, lost or full."""
    task = pictures(os.path.join(setting.folder, "trouble"), 300)
    training = {"epochs": 1, "batch": 64, "warmup": 0}
    with Worker(setting.worker) as worker:
        message = failure(worker.run(job(NETWORKS["small"], task, "cuda:9", training)))
    setting.row("trouble", "a card that is not there", "cuda:9" in message, says=message[:110])
    if not setting.card:
        return
    hidden = dict(os.environ, CUDA_VISIBLE_DEVICES="")
    environ, os.environ = os.environ, hidden
    try:
        with Worker(setting.worker) as worker:
            message = failure(worker.run(job(NETWORKS["small"], task, "cuda:0", training)))
    finally:
        os.environ = environ
    setting.row("trouble", "all cards hidden", "CUDA" in message, says=message[:110])
    if not card.pytorch():
        setting.row("trouble", "a neighbour with the memory", None, left_out="it needs PyTorch")
        return
    hog = subprocess.Popen([sys.executable, "-c", HOG], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        hog.stdout.readline()
        with Worker(setting.worker) as worker:
            events = worker.run(job(NETWORKS["vgg"], task, setting.device, {**training, "batch": 270}))
        event = events[-1][1]
        good = event["event"] == "done" or event.get("kind") in ("out-of-memory", "device-full")
        setting.row("trouble", "a neighbour with the memory", good, says=(event["event"] if event["event"] == "done" else failure(events))[:110])
    finally:
        hog.stdin.close()
        hog.wait()


# Takes all but some hundred MiB of the card, and keeps it until its input ends.
HOG = """
import sys, torch
torch.zeros(1, device="cuda")
kept = []
for size in (1 << 30, 1 << 28):
    while torch.cuda.mem_get_info()[0] > size + (200 << 20):
        kept.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
print("full", flush=True)
sys.stdin.read()
"""


class Watch:
    """The most memory of the card that is seen in use, in MiB."""

    def __init__(self):
        self.most, self.is_over = 0, False
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.is_over:
            self.most = max(self.most, card.used())
            time.sleep(0.02)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()


def predicted(setting, network, task, training):
    """MiB that a worker expects a training to take, as it says where that is too much."""
    with Worker(setting.worker) as worker:
        message = failure(worker.run(job(network, task, setting.device, {**training, "memory": 1})))
    found = re.search(r"would take (?:about )?(\d+) MB", message)
    if not found:
        raise RuntimeError(f"no prediction in: {message}")
    return int(found[1])


def memory(setting):
    """Memory that was predicted beside what was taken."""
    task = pictures(os.path.join(setting.folder, "memory"), setting.size(6_000, 6_000, 600))
    training = {"epochs": 1, "batch": setting.size(512, 512, 64), "warmup": 0}
    for name in NETWORKS if setting.card else ("small",):
        expected = predicted(setting, NETWORKS[name], task, training)
        with Worker(setting.worker) as worker:
            if not setting.card:
                events = worker.run(job(NETWORKS[name], task, setting.device, training))
                done = events[-1][1]["event"] == "done"
                setting.row("memory", f"{name}, batch {training['batch']}", done, predicted_mb=expected,
                            says=(worker.said or ["nothing"])[-1][:90])
                continue
            # What a context and the data take by themselves does not belong to a network.
            worker.run(job(NETWORKS["small"], task, setting.device, {"batch": 1, "steps": 1, "warmup": 0}))
            before = card.used()
            with Watch() as watch:
                worker.run(job(NETWORKS[name], task, setting.device, training))
            taken = watch.most - before
            setting.row("memory", f"{name}, batch {training['batch']}", None, predicted_mb=expected, taken_mb=taken,
                        ratio=expected / taken if taken else None)
