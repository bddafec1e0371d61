#!/usr/bin/env python3
"""The runs and the table of bench-hours.sh, which says what the arguments are.

A run is one search of one data set by one row's way and one seed. What its trainings cost is counted in the order in which they, or parts of
them, ended: in epochs, and in operations, which are epochs times parameters for networks of dense layers. Both are the same on every machine,
whatever else it does. The seconds are those of this one. At each end the run's network is the best that was trained to the end from nothing.
That network's final score is the mean test score of two trainings from nothing on training and validation data, which do not count.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys

EPOCHS = 9
# What differs from full trainings, and how many evaluations there are for each full training.
RUNGS = "\n[fidelity]\nrungs = [1, 3]\n"
INHERIT = "\n[inherit]\nepochs = {}\n"
ROWS = {
    "full": ("nasbot", "", 1),
    "rungs": ("nasbot", RUNGS, 3),
    "inherit": ("nasbot", INHERIT.format(3), 2),
    "both": ("nasbot", RUNGS + INHERIT.format(1), 4),
    "random": ("random", RUNGS, 3),
}
SPLIT = {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 1}
# Kind, data, batch and learning rate.
SETS = {
    "digits": ("mlp-class", {"path": "digits/digits.csv.gz", "task": "class"}, 64, 0.003),
    "naval": ("mlp-reg", {"path": "naval/naval.csv.gz", "task": "reg"}, 256, 0.01),
    "protein": ("mlp-reg", {"path": "protein/protein.csv.gz", "task": "reg"}, 1024, 0.01),
}


def toml(value) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


class Bench:
    def __init__(self, args):
        self.args = args
        self.state = pathlib.Path(args.state).resolve()
        self.tests_file = self.state / "tests.json"
        self.tests = json.loads(self.tests_file.read_text()) if self.tests_file.exists() else {}
        self.worker = None

    def data(self, name: str) -> dict:
        data = dict(SETS[name][1])
        data["path"] = str(pathlib.Path(self.args.datasets).resolve() / data["path"])
        return data | {"split": SPLIT}

    def description(self, name: str, row: str) -> str:
        kind, _, batch, rate = SETS[name]
        strategy, further, each = ROWS[row]
        data = "\n".join(f"{key} = {toml(value)}" for key, value in self.data(name).items())
        return f"""[space]
kind = "{kind}"
max-layers = 12
max-units = 64
max-mass = 6e4

[data]
{data}

[training]
epochs = {EPOCHS}
batch = {batch}
optimiser = {{ name = "adamw", learning-rate = {rate}, weight-decay = 1e-3 }}
schedule = {{ name = "cosine", warmup = 1.0 }}
evaluate-every = {EPOCHS}

[search]
strategy = "{strategy}"
# So that most of the time goes to trainings, which are short here.
samples = 0
initial = 6
{further}
[workers]
devices = ["cpu"]
per-device = 1
threads = 1
timeout = "10m"

[budget]
evaluations = {each * self.args.evaluations}
"""

    def run(self, name: str, row: str, seed: int) -> None:
        run = self.state / f"{name}-{row}-{seed}"
        done = run.with_suffix(".done")
        if done.exists():
            return
        print(f"{name}, {row}, seed {seed}", file=sys.stderr, flush=True)
        description, study = run.with_suffix(".toml"), run.with_suffix(".nasbot.db")
        description.write_text(self.description(name, row))
        nasbot = os.path.join(self.args.bin, "nasbot")
        if study.exists() and subprocess.run([nasbot, "show", study], capture_output=True).returncode == 0:
            command = [nasbot, "resume", study, "--quiet"]
        else:
            study.unlink(missing_ok=True)
            command = [nasbot, "search", description, "--study", study, "--seed", str(seed), "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        done.touch()

    def course(self, name: str, row: str, seed: int):
        """Epochs, operations, seconds and the best network after each part of an evaluation."""
        study = sqlite3.connect(f"file:{self.state / f'{name}-{row}-{seed}'}.nasbot.db?mode=ro", uri=True)
        networks, reached, best = {}, {}, None
        cost = [0.0, 0.0, 0.0]
        for (text,) in study.execute("SELECT event FROM event ORDER BY number"):
            event = json.loads(text)
            kind, number = event["event"], event.get("id")
            if kind == "queued":
                networks[event["suggestion"]["id"]] = event["suggestion"]["candidate"]
            elif kind in ("reached", "finished"):
                detail = event["detail"]
                until = event.get("epochs", EPOCHS)
                epochs = until - reached.get(number, 0)
                # What inherited begins anew afterwards.
                reached[number] = 0 if "inherited" in detail.get("metrics", {}) else until
                for unit, part in enumerate((epochs, epochs * detail.get("parameters", 0), detail["seconds"])):
                    cost[unit] += part
                outcome = event.get("outcome")
                score = outcome.get("score") if isinstance(outcome, dict) else None
                if score is not None and (best is None or score > best[0]):
                    best = (score, networks[number])
                yield *cost, best
            elif kind == "retraining":
                return

    def test(self, name: str, network: dict) -> float:
        """The mean test score of two trainings from nothing."""
        key = hashlib.sha256(json.dumps([name, network], sort_keys=True).encode()).hexdigest()[:24]
        if key not in self.tests:
            scores = [self.finally_trained(name, network, seed) for seed in (1, 2)]
            self.tests[key] = statistics.fmean(scores)
            partial = self.tests_file.with_suffix(".part")
            partial.write_text(json.dumps(self.tests))
            partial.rename(self.tests_file)
        return self.tests[key]

    def finally_trained(self, name: str, network: dict, seed: int) -> float:
        _, _, batch, rate = SETS[name]
        if self.worker is None:
            program = os.environ["NASBOT_WORKER"]
            self.worker = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        training = {"epochs": EPOCHS, "batch": batch, "evaluate-every": EPOCHS, "schedule": "cosine", "warmup": 1.0}
        training |= {"optimiser": "adamw", "learning-rate": rate, "weight-decay": 1e-3, "momentum": 0.9, "nesterov": False}
        job = {"protocol": 3, "evaluation": 0, "network": network, "task": self.data(name), "training": training}
        job |= {"seed": seed, "device": "cpu", "final": {}, "stay": True}
        self.worker.stdin.write(json.dumps(job) + "\n")
        self.worker.stdin.flush()
        while True:
            event = json.loads(self.worker.stdout.readline())
            if event["event"] == "done":
                return event["score"]
            if event["event"] == "failed":
                sys.exit(f"a last training failed: {event['message']}")

    def curve(self, name: str, row: str, seed: int):
        """Steps of (epochs, operations, seconds, final score of the best network so far)."""
        return [(*cost, best and self.test(name, best[1])) for *cost, best in self.course(name, row, seed)]

    def table(self, names, rows) -> None:
        print("| data | way | seeds | final score | seconds | epochs | operations | as good after epochs | after operations |")
        print("|---|---|---|---|---|---|---|---|---|")
        for name in names:
            for row in ["full"] + [row for row in rows if row != "full"]:
                seeds = range(1, self.args.seeds + 1)
                seeds = [seed for seed in seeds if (self.state / f"{name}-{row}-{seed}.done").exists()]
                if not seeds:
                    continue
                curves = [self.curve(name, row, seed) for seed in seeds]
                last = [curve[-1] for curve in curves]
                if row == "full":
                    goal = statistics.fmean(step[3] for step in last)
                    whole = [statistics.fmean(step[unit] for step in last) for unit in (0, 1)]
                cells = [mean_and_error([step[3] for step in last], 5), mean_and_error([step[2] for step in last], 3)]
                cells += [mean_and_error([step[unit] / whole[unit] for step in last], 2) for unit in (0, 1)]
                for unit in (0, 1):
                    value, error = reach(curves, unit, goal)
                    after = "" if error is None else f" ± {error / whole[unit]:.2f}"
                    cells.append("never" if value is None else f"{value / whole[unit]:.2f}{after}")
                print(f"| {name} | {row} | {len(seeds)} | " + " | ".join(cells) + " |", flush=True)


def mean_and_error(values, digits: int) -> str:
    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:.{digits}g}"
    return f"{mean:.{digits}g} ± {statistics.stdev(values) / len(values) ** 0.5:.2g}"


def first(curves, unit: int, goal: float):
    """What the runs have cost when their mean final score first is the goal."""
    costs = sorted({step[unit] for curve in curves for step in curve})
    for cost in costs:
        scores = []
        for curve in curves:
            known = [step[3] for step in curve if step[unit] <= cost and step[3] is not None]
            scores.append(known[-1] if known else None)
        if None not in scores and statistics.fmean(scores) >= goal:
            return cost
    return None


def reach(curves, unit: int, goal: float):
    """The same with its standard error, by leaving out one run at a time; without one it may be that the rest do not reach it."""
    value = first(curves, unit, goal)
    if value is None:
        return None, None
    count = len(curves)
    if count < 2:
        return value, None
    ends = max(step[unit] for curve in curves for step in curve)
    without = []
    for left_out in range(count):
        found = first(curves[:left_out] + curves[left_out + 1 :], unit, goal)
        without.append(ends if found is None else found)
    mean = statistics.fmean(without)
    variance = (count - 1) / count * sum((x - mean) ** 2 for x in without)
    return value, variance**0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", action="append", choices=list(SETS))
    parser.add_argument("--row", action="append", choices=list(ROWS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=24)
    parser.add_argument("--table", action="store_true")
    for name in ("repo", "datasets", "state", "bin"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    names, rows = args.data or list(SETS), args.row or list(ROWS)
    bench = Bench(args)
    if not args.table:
        # A seed of everything before the next one: what is finished can be compared at any time.
        for seed in range(1, args.seeds + 1):
            for name in names:
                for row in rows:
                    bench.run(name, row, seed)
    bench.table(names, rows)


main()
