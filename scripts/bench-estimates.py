#!/usr/bin/env python3
"""Compares what `nasbot validate` estimates with what trainings take.

    scripts/bench-estimates.py [--bin target/release] FILE.toml …

For each description, the smallest and the largest network that `validate` names are evaluated as in a search, one after the other on
the processor, and a line of Markdown says what was estimated and what it took: seconds of processor time, which other programs on
the machine hardly change, and the most memory that was resident.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Measures a worker that does all its work in one process.
WRAPPER = """#!/usr/bin/env python3
import json, resource, subprocess, sys
ended = subprocess.run([{worker!r}, *sys.argv[1:]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open({usage!r}, "a") as file:
    print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]), file=file)
sys.exit(ended.returncode)
"""


def measured(nasbot, worker, description, folder):
    """The networks with their estimates, and what their evaluations took."""
    found = subprocess.run(
        [nasbot, "validate", description, "--format", "json"], capture_output=True, text=True, check=True
    )
    networks = json.loads(found.stdout)["estimate"]["networks"]
    usage = folder / "usage"
    wrapper = folder / "worker"
    wrapper.write_text(WRAPPER.format(worker=str(worker), usage=str(usage)))
    wrapper.chmod(0o755)
    pool = []
    for i, network in enumerate(networks):
        pool.append(str(folder / f"{i}.json"))
        pathlib.Path(pool[-1]).write_text(json.dumps(network["network"]))
    text = description.read_text()
    # Paths are relative to the description, beside which the changed one is written for the while.
    text = re.sub(r"(?m)^(pool|evaluations|strategy|initial) *=.*\n", "", text)
    text = re.sub(r"(?m)^\[space\]", f"[space]\npool = {json.dumps(pool)}", text)
    text = re.sub(r"(?m)^\[budget\]", f"[budget]\nevaluations = {len(pool)}", text)
    changed = description.with_name(f"{description.stem}.estimates.toml")
    changed.write_text(text)
    try:
        subprocess.run(
            [nasbot, "search", changed, "--study", folder / "s.nasbot.db", "-q"],
            env={**os.environ, "NASBOT_WORKER": str(wrapper)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    finally:
        changed.unlink()
    lines = [json.loads(line) for line in usage.read_text().splitlines()]
    return list(zip(networks, lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("target/release"))
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    nasbot = (arguments.bin / "nasbot").resolve()
    worker = os.environ.get("NASBOT_WORKER") or (arguments.bin / "nasbot-worker").resolve()
    print("| description | network | parameters | seconds, estimated | measured | ratio | GB, estimated | measured |")
    print("|---|---|---|---|---|---|---|---|")
    for description in arguments.files:
        with tempfile.TemporaryDirectory() as folder:
            for network, (seconds, size) in measured(nasbot, worker, description, pathlib.Path(folder)):
                print(
                    f"| {description.stem} | {network['which']} | {network['parameters']:,} | {network['seconds']:.1f} "
                    f"| {seconds:.1f} | {network['seconds'] / seconds:.2f} | {network['bytes'] / 1e9:.2f} | {size / 1e9:.2f} |"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
