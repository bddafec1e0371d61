#!/usr/bin/env bash
# Measures otmann side by side with POT 0.9.7.post1 on the same transport problems.
set -euo pipefail

pot_version=0.9.7.post1

usage() {
    cat <<'TEXT'
Usage: scripts/bench-otmann.sh [--quick] [--json FILE]

Builds otmann's instances (evolved networks, fixed seeds), installs POT into a throw-away Python
environment outside the checkout, sweeps the same transport problems with both, single thread, and
prints a table: thread CPU time, medians of several sweeps, taken in turns.

  --quick      fewer sweeps; under a minute once everything is built and fetched
  --json FILE  write the figures as JSON; with "-" print the JSON and nothing else
  --help       this text

Environment: PYTHON (default python3), OTMANN_BENCH_CACHE (default ~/.cache/otmann-bench).
TEXT
}

rounds=5 passes=9 json=
while [ $# -gt 0 ]; do
    case $1 in
        --quick) rounds=2 passes=5 ;;
        --json) json=${2:?--json needs a file name or -}; shift ;;
        --help | -h) usage; exit 0 ;;
        *) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
    esac
    shift
done

say() { echo "bench-otmann: $*" >&2; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${OTMANN_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/otmann-bench}
venv=$cache/venv-$pot_version
if ! "$venv/bin/python" -c 'import ot' 2>/dev/null; then
    say "installing POT $pot_version into $venv"
    mkdir -p "$cache"
    rm -rf "$venv"
    if ! "${PYTHON:-python3}" -m venv "$venv"; then
        say "could not make a Python environment; on Debian: apt-get install python3-venv"
        exit 1
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check "POT==$pot_version" >&2
fi

say "building the example side_by_side"
cd "$root"
target=$(cargo metadata --format-version 1 --no-deps | "$venv/bin/python" -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
cargo build --quiet --release -p otmann --example side_by_side >&2
program=$target/release/examples/side_by_side

instances=$(mktemp -d)
trap 'rm -rf "$instances"' EXIT
say "writing instances"
"$program" write "$instances"
say "measuring ($rounds rounds)"
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$venv/bin/python" - "$program" "$instances" "$rounds" "$passes" "$json" <<'PYTHON'
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np
from ot.lp.emd_wrap import emd_c

program, directory, rounds, passes, out = sys.argv[1:]
rounds = int(rounds)
COEFFICIENTS = 4


def read(name):
    data = np.fromfile(os.path.join(directory, name), dtype="<f8")
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


def solve(problems):
    for a, b, cost, _ in problems:
        emd_c(a, b, cost, 100000, 1, None, None)


def cpu(problems):
    start = time.thread_time_ns()
    solve(problems)
    return (time.thread_time_ns() - start) / len(problems) / 1e3


def ours(name, instructions=()):
    command = [program, "time", name, passes, *instructions]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["us"]


one = np.ones(1)
trivial = [(one, one, np.zeros((1, 1)), 0.0)] * 20000
cpu(trivial)
overhead = statistics.median(cpu(trivial) for _ in range(5))

names = ["10", "25", "50", "100", "pool"]
kinds = ["avx512", "avx2", "portable"]
solve_us, pot_us, worst, count, refused = {}, {}, 0.0, 0, 0
by_instructions = {}
for name in names:
    problems = read(name)
    mine, theirs, variants = [], [], {kind: [] for kind in kinds}
    for turn in range(rounds):
        mine.append(ours(name) / COEFFICIENTS)
        theirs.append(cpu(problems) - overhead)
        for kind in kinds:
            variants[kind].append(ours(name, [kind]) / COEFFICIENTS)
    solve_us[name], pot_us[name] = statistics.median(mine), statistics.median(theirs)
    by_instructions[name] = {kind: statistics.median(v) for kind, v in variants.items()}
    for a, b, cost, value in problems:
        result = emd_c(a, b, cost, 100000, 1, None, None)
        theirs = result[1]
        # POT takes totals that differ in the last bit for an infeasible problem, now and then.
        if result[4] != 1:
            refused += 1
            continue
        # Some networks differ in nothing that costs: relative to the mass where the value is 0.
        worst = max(worst, abs(value - theirs) / max(abs(theirs), 1e-6 * a.sum()))
        count += 1
profile = statistics.median(ours("profile") for _ in range(rounds))
matrix = statistics.median(ours("matrix") for _ in range(rounds)) / COEFFICIENTS

figures = {
    "solve": {
        name: {
            "ours_us": solve_us[name],
            "pot_us": pot_us[name],
            "ratio": pot_us[name] / solve_us[name],
        }
        for name in ["25", "50", "100"]
    },
    "pair_pool": {"ours_us": COEFFICIENTS * solve_us["pool"], "pot_solve_us": pot_us["pool"]},
    "solves_per_s": 1e6 / matrix,
    "profile_25_us": profile,
    "worst_relative_error": worst,
}
if out == "-":
    print(json.dumps(figures))
    sys.exit()
if out:
    with open(out, "w") as file:
        json.dump(figures, file, indent=2)
        file.write("\n")
print(f"{'set':>8} {'ours us':>10} {'POT us':>10} {'ratio':>8} {'goal':>6}   ratio with avx512 / avx2 / portable")
goals = {"25": 35, "50": 55, "100": 80}
for name in names:
    variants = " / ".join(f"{pot_us[name] / by_instructions[name][kind]:.1f}" for kind in kinds)
    print(
        f"{name:>8} {solve_us[name]:>10.3f} {pot_us[name]:>10.2f} {pot_us[name] / solve_us[name]:>8.1f}"
        f" {goals.get(name, ''):>6}   {variants}"
    )
pair = figures["pair_pool"]
print(f"a pair of the pool (4 raw + 4 normalised): {pair['ours_us']:.2f} us; POT's solve: {pair['pot_solve_us']:.2f} us; ratio {pair['pot_solve_us'] / pair['ours_us']:.1f} (goal 10)")
print(f"solves a second and core, all pairs of the pool: {figures['solves_per_s']:,.0f} (goal 1,100,000)")
print(f"profile of a 25-layer network: {profile:.2f} us (goal 15)")
print(f"largest relative difference to POT over {count} problems: {worst:.2e} ({refused} more were refused by POT)")
PYTHON
