#!/usr/bin/env python3
"""Measures how long a worker takes from a job to the first step, cold and warm.

    scripts/bench-warm.py [--worker target/release/nasbot-worker] [--rows 60000] [--folder]

Makes pictures of 3 x 32 x 32 bytes (an IDX file, or a folder of PNG files), waits until their files count as settled, and has one
worker do several evaluations of a small network. The first one reads the pictures. Prints a line for each: seconds from the job's line to
the first step, as the worker's log says them and as this program sees them.
"""

import argparse
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib

NETWORK = {
    "kind": "cnn",
    "layers": [
        {"op": "ip"},
        {"op": "conv3", "units": 16, "stride": 2},
        {"op": "max-pool"},
        {"op": "softmax"},
        {"op": "op"},
    ],
    "edges": [[0, 1], [1, 2], [2, 3], [3, 4]],
}


def png(pixels: bytes) -> bytes:
    """32 x 32 pixels of three bytes as a PNG file, not compressed."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = b"".join(b"\0" + pixels[i : i + 96] for i in range(0, len(pixels), 96))
    header = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def pictures(place: pathlib.Path, rows: int, folder: bool) -> dict:
    """Makes the pictures, and says how they are read."""
    numbers = random.Random(1)
    if not folder:
        with open(place / "x.idx", "wb") as file:
            file.write(struct.pack(">BBBBIIII", 0, 0, 8, 4, rows, 3, 32, 32))
            for _ in range(rows):
                file.write(numbers.randbytes(3072))
        with open(place / "y.idx", "wb") as file:
            file.write(struct.pack(">BBBBI", 0, 0, 8, 1, rows) + bytes(i % 10 for i in range(rows)))
        return {"path": str(place / "x.idx"), "labels": str(place / "y.idx"), "format": "idx"}
    path = place / "pictures"
    for label in range(10):
        (path / str(label)).mkdir(parents=True)
    for i in range(rows):
        (path / str(i % 10) / f"{i}.png").write_bytes(png(numbers.randbytes(3072)))
    return {"path": str(path), "format": "images"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", default=os.environ.get("NASBOT_WORKER", "target/release/nasbot-worker"))
    parser.add_argument("--rows", type=int, default=60000)
    parser.add_argument("--folder", action="store_true", help="pictures in a folder of PNG files")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--evaluations", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary)
        data = pictures(place, args.rows, args.folder)
        # A file that has just been written may change again at what the system takes for the same time: it is read anew until then.
        time.sleep(5)
        task = data | {"task": "class", "cache": str(place / "cache"), "split": {"train": 0.9, "validation": 0.01, "test": 0.09}}
        environment = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
        began = time.monotonic()
        worker = subprocess.Popen(
            [args.worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        for number in range(args.evaluations):
            job = {
                "protocol": 3,
                "evaluation": number,
                "network": NETWORK,
                "task": task,
                "training": {"epochs": 1, "steps": 20, "batch": 64},
                "seed": number,
                "device": args.device,
                "stay": number + 1 < args.evaluations,
            }
            since = began if number == 0 else time.monotonic()
            worker.stdin.write(json.dumps(job) + "\n")
            worker.stdin.flush()
            inside = None
            while inside is None:
                line = worker.stderr.readline()
                if not line:
                    sys.exit("the worker has ended: " + worker.stdout.read())
                if "first step after" in line:
                    inside = float(line.split()[-2])
            outside = time.monotonic() - since
            event = {}
            while event.get("event") not in ("done", "failed"):
                event = json.loads(worker.stdout.readline())
            whole = time.monotonic() - since
            print(f"{number}: first step after {inside:.3f} s, seen after {outside:.3f} s, end after {whole:.3f} s: {event['event']}", flush=True)
        worker.stdin.close()
        worker.wait()


main()
