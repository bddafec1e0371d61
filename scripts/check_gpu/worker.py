"""A worker that is talked to as a search does, and data and networks for it."""

import json
import os
import queue
import random
import struct
import subprocess
import threading
import time

PROTOCOL = 3
# How long a worker may say nothing.
PATIENCE = 120


def chain(*tokens):
    """A convolutional network of layers in a row: `conv3-64`, `res3-64`, `max-pool`, `fc-128`."""
    layers = [{"op": "ip"}]
    for token in tokens:
        op, _, units = token.rpartition("-") if token[-1].isdigit() else (token, "", "")
        layer = {"op": op}
        if units:
            layer["units"] = int(units)
            if op != "fc":
                layer["stride"] = 1
        layers.append(layer)
    layers += [{"op": "softmax"}, {"op": "op"}]
    return {"kind": "cnn", "layers": layers, "edges": [[i, i + 1] for i in range(len(layers) - 1)]}


def branchy():
    """Three ways side by side, joined again twice."""
    net = chain("conv3-64", "conv3-64", "conv5-64", "conv7-64", "max-pool", "res3-128", "conv3-128", "conv5-128", "max-pool", "fc-256")
    net["edges"] = [[0, 1], [1, 2], [1, 3], [1, 4], [2, 5], [3, 5], [4, 5], [5, 6], [5, 7], [5, 8], [6, 9], [7, 9], [8, 9],
                    [9, 10], [10, 11], [11, 12]]
    return net


NETWORKS = {
    "small": chain("conv3-16", "max-pool", "conv3-32", "max-pool", "fc-64"),
    "vgg": chain("conv3-64", "conv3-64", "max-pool", "conv3-128", "conv3-128", "max-pool", "conv3-256", "conv3-256", "max-pool", "fc-512"),
    "resnet": chain("conv3-64", "res3-64", "res3-64", "max-pool", "res3-128", "res3-128", "max-pool", "res3-256", "res3-256", "fc-256"),
    "branchy": branchy(),
}


def pictures(folder, count, side=32, classes=10):
    """Random pictures with 3 channels, whose brightest channel depends on the class, in the format of MNIST."""
    os.makedirs(folder, exist_ok=True)
    rng = random.Random(1)
    with open(os.path.join(folder, "images-idx4-ubyte"), "wb") as images, open(os.path.join(folder, "labels-idx1-ubyte"), "wb") as labels:
        images.write(struct.pack(">5I", 2052, count, 3, side, side))
        labels.write(struct.pack(">2I", 2049, count))
        for place in range(count):
            label = place % classes
            picture = bytearray(rng.randbytes(3 * side * side))
            for pixel in range(label * 64, label * 64 + 64):
                picture[pixel] = 255
            images.write(picture)
            labels.write(bytes([label]))
    return {"path": os.path.join(folder, "images-idx4-ubyte"), "labels": os.path.join(folder, "labels-idx1-ubyte"), "task": "class",
            "image": [3, side, side], "cache": os.path.join(folder, "cache")}


class Worker:
    """One process, which stays for further jobs."""

    def __init__(self, program, threads=None):
        environment = dict(os.environ, OMP_WAIT_POLICY="passive")
        if threads:
            environment["OMP_NUM_THREADS"] = str(threads)
        self.began = time.monotonic()
        self.child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      env=environment)
        self.events, self.said = queue.Queue(), []
        # Seconds from the start of the process until it said so.
        self.hello = None
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._listen, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            self.events.put((time.monotonic(), json.loads(line)))
        self.events.put((time.monotonic(), None))

    def _listen(self):
        for line in self.child.stderr:
            self.said.append(line.rstrip())

    def send(self, job):
        self.said.clear()
        self.child.stdin.write(json.dumps(job) + "\n")
        self.child.stdin.flush()
        return time.monotonic()

    def event(self):
        """The next event and when it came; `None` where the worker has ended."""
        return self.events.get(timeout=PATIENCE)

    def run(self, job):
        """All events of a job with the seconds since it was sent, hello left out."""
        since, found = self.send(job), []
        while True:
            at, event = self.event()
            if event is None:
                return found + [(at - since, {"event": "ended", "message": "; ".join(self.said[-3:])})]
            if event["event"] == "hello":
                self.hello = self.hello or at - self.began
                continue
            found.append((at - since, event))
            if event["event"] in ("done", "failed", "paused"):
                return found

    def first_step(self):
        """Seconds from the job to its first step, as the worker itself says."""
        lines = [line for line in self.said if "first step after" in line]
        return float(lines[-1].split()[-2]) if lines else None

    def close(self):
        self.child.stdin.close()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def job(network, task, device, training, seed=1, **more):
    split = {"train": 0.9, "validation": 0.05, "test": 0.05}
    return {"protocol": PROTOCOL, "evaluation": 0, "seed": seed, "device": device, "network": network, "stay": True,
            "task": {"split": split, **task}, "training": training, **more}
