#!/usr/bin/env python3
"""The table of bench-real.sh, from the reports of its finished runs.

Arguments: the folder of the reports, yes or no for JSON lines, the number of seeds, the data sets and the strategies, each
as one argument with spaces between.
"""

import json, os, statistics, sys

state, as_json, seeds, data, strategies = sys.argv[1:]


def summary(values):
    mean = statistics.fmean(values)
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return mean, error


def cell(pair):
    mean, error = pair
    return f"{mean:.5g}" + (f" ± {error:.2g}" if error is not None else "")


if as_json == "no":
    print("| data | strategy | seeds | test | best in validation | seconds an evaluation | failed |")
    print("|---|---|---|---|---|---|---|")
for name in data.split():
    for strategy in strategies.split():
        runs = []
        for seed in range(1, int(seeds) + 1):
            path = os.path.join(state, f"{name}-{strategy}-{seed}.json")
            if os.path.exists(path):
                with open(path) as file:
                    runs.append(json.load(file))
        runs = [run for run in runs if run.get("test")]
        if not runs:
            continue
        # A regression's score is minus its mean squared error.
        metric = "mse" if "mse" in runs[0]["test"]["metrics"] else "accuracy"
        test = summary([run["test"]["metrics"][metric] for run in runs])
        best = summary([run["best"]["metrics"][metric] for run in runs])
        seconds = statistics.fmean(run["seconds"] / run["evaluations"] for run in runs)
        failed = sum(run["failed"] for run in runs)
        if as_json == "yes":
            print(json.dumps({
                "data": name, "strategy": strategy, "seeds": len(runs), "metric": metric,
                "test": test, "validation": best, "seconds_per_evaluation": seconds, "failed": failed,
            }))
        else:
            print(f"| {name} | {strategy} | {len(runs)} | {metric} {cell(test)} | {cell(best)} | {seconds:.2f} | {failed} |")
