"""Times otmann and POT on the same transport problems, in turns, one thread; bench-otmann.sh prepares both.

    python bench-otmann.py PROGRAM FOLDER ROUNDS PASSES [JSON]

PROGRAM is otmann's example side_by_side, FOLDER holds the instances that it wrote. JSON is a file for the figures; with
"-" they are printed, and nothing else.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time

import numpy as np
from ot.lp.emd_wrap import emd_c

SETS = ["10", "25", "50", "100", "pool"]
GOALS = {"25": 35, "50": 55, "100": 80}
# Structural coefficients of a metric: solves a pair.
COEFFICIENTS = 4
INSTRUCTIONS = ["neon", "portable"] if platform.machine() in ("aarch64", "arm64") else ["avx512", "avx2", "portable"]


def read(path):
    """The problems of a file that `side_by_side write` wrote: masses, costs and our value of each."""
    data = np.fromfile(path, dtype="<f8")
    at, problems = 0, []
    while at < len(data):
        n, m = int(data[at]), int(data[at + 1])
        at += 2
        a, b = data[at : at + n].copy(), data[at + n : at + n + m].copy()
        at += n + m
        cost = data[at : at + n * m].reshape(n, m).copy()
        problems.append((a, b, cost, data[at + n * m]))
        at += n * m + 1
    return problems


def emd(a, b, cost):
    return emd_c(a, b, cost, 100000, 1, None, None)


def pot_us(problems):
    """Thread CPU time of POT, microseconds a problem."""
    start = time.thread_time_ns()
    for a, b, cost, _ in problems:
        emd(a, b, cost)
    return (time.thread_time_ns() - start) / len(problems) / 1e3


def call_us():
    """What a call of POT from Python takes where there is nothing to solve."""
    one = np.ones(1)
    trivial = [(one, one, np.zeros((1, 1)), 0.0)] * 20000
    pot_us(trivial)
    return statistics.median(pot_us(trivial) for _ in range(5))


def compare(problems):
    """The largest relative difference to POT's values, how many were compared, and how many POT refused."""
    worst, count, refused = 0.0, 0, 0
    for a, b, cost, value in problems:
        result = emd(a, b, cost)
        # POT takes totals that differ in the last bit for an infeasible problem, now and then.
        if result[4] != 1:
            refused += 1
            continue
        # Some networks differ in nothing that costs: relative to the mass where the value is 0.
        worst = max(worst, abs(value - result[1]) / max(abs(result[1]), 1e-6 * a.sum()))
        count += 1
    return worst, count, refused


class Bench:
    def __init__(self, program, passes, rounds):
        self.program, self.passes, self.rounds = program, passes, rounds
        self.overhead = call_us()

    def ours_us(self, name, *instructions):
        """Thread CPU time of otmann, microseconds a pair."""
        command = [self.program, "time", name, self.passes, *instructions]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["us"]

    def median(self, name):
        return statistics.median(self.ours_us(name) for _ in range(self.rounds))

    def sweep(self, name, problems):
        """Microseconds a solve: ours, POT's, and ours with each set of instructions."""
        ours, pot, variants = [], [], {kind: [] for kind in INSTRUCTIONS}
        for _ in range(self.rounds):
            ours.append(self.ours_us(name) / COEFFICIENTS)
            pot.append(pot_us(problems) - self.overhead)
            for kind in INSTRUCTIONS:
                variants[kind].append(self.ours_us(name, kind) / COEFFICIENTS)
        median = statistics.median
        return median(ours), median(pot), {kind: median(times) for kind, times in variants.items()}


def show(figures, sweeps, count, refused):
    kinds = " / ".join(INSTRUCTIONS)
    print(f"{'set':>8} {'ours us':>10} {'POT us':>10} {'ratio':>8} {'goal':>6}   ratio with {kinds}")
    for name, (ours, pot, variants) in sweeps.items():
        ratios = " / ".join(f"{pot / variants[kind]:.1f}" for kind in INSTRUCTIONS)
        print(f"{name:>8} {ours:>10.3f} {pot:>10.2f} {pot / ours:>8.1f} {GOALS.get(name, ''):>6}   {ratios}")
    pair = figures["pair_pool"]
    print(
        f"a pair of the pool (4 raw + 4 normalised): {pair['ours_us']:.2f} us; POT's solve: {pair['pot_solve_us']:.2f} us; "
        f"ratio {pair['pot_solve_us'] / pair['ours_us']:.1f} (goal 10)"
    )
    print(f"solves a second and core, all pairs of the pool: {figures['solves_per_s']:,.0f} (goal 1,100,000)")
    print(f"profile of a 25-layer network: {figures['profile_25_us']:.2f} us (goal 15)")
    print(
        f"largest relative difference to POT over {count} problems: {figures['worst_relative_error']:.2e} "
        f"({refused} more were refused by POT)"
    )


def main(program, folder, rounds, passes, out=""):
    bench = Bench(program, passes, int(rounds))
    sweeps, worst, count, refused = {}, 0.0, 0, 0
    for name in SETS:
        problems = read(os.path.join(folder, name))
        sweeps[name] = bench.sweep(name, problems)
        differences = compare(problems)
        worst, count, refused = max(worst, differences[0]), count + differences[1], refused + differences[2]
    ours, pot, _ = sweeps["pool"]
    figures = {
        "solve": {
            name: {"ours_us": sweeps[name][0], "pot_us": sweeps[name][1], "ratio": sweeps[name][1] / sweeps[name][0]}
            for name in GOALS
        },
        "pair_pool": {"ours_us": COEFFICIENTS * ours, "pot_solve_us": pot},
        "profile_25_us": bench.median("profile"),
        "solves_per_s": 1e6 * COEFFICIENTS / bench.median("matrix"),
        "worst_relative_error": worst,
    }
    if out == "-":
        print(json.dumps(figures))
        return
    if out:
        with open(out, "w") as file:
            json.dump(figures, file, indent=2)
            file.write("\n")
    show(figures, sweeps, count, refused)


main(*sys.argv[1:])
