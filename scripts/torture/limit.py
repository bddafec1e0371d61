"""A hidden limit of memory that forbids a third of the space: how often a search runs into it, and what it reaches."""

import json
import os

from common import Skipped, run

# How often a search may run into the limit after its first 20 evaluations, in the mean over the seeds.
MOST = 8


def row(setting):
    program = os.path.join(os.path.dirname(setting.nasbot), "examples", "bench-search")
    if not os.path.exists(program):
        raise Skipped("no bench-search: cargo build --release -p nasbot-opt --example bench-search")
    runs, evaluations = setting.size(20, 3), setting.size(100, 50)
    found = []
    for problem in ("synthetic-mlp", "synthetic-cnn")[: setting.size(2, 1)]:
        def measure(*more):
            args = [program, "--problem", problem, "--strategy", "nasbot", "--runs", str(runs), "--evaluations", str(evaluations),
                    "--threads", "2", "--json", "-", *more]
            ran = run(args, cwd=setting.work, timeout=3600)
            if ran.returncode:
                raise RuntimeError(f"bench-search: {ran.returncode} {ran.stderr.decode()[-300:]}")
            line = json.loads(ran.stdout)
            value, error = line["at"][str(evaluations)]
            return value, error, line.get("failed_after_20", {"mean": 0.0, "most": 0})

        free, taught = measure(), measure("--limit", "memory")
        untaught = measure("--limit", "memory", "--untaught")
        failed, before = taught[2], untaught[2]
        setting.check(failed["mean"] <= MOST, f"{problem}: {failed['mean']:.1f} infeasible proposals in the mean")
        # Two standard errors of the difference.
        allowed = 2 * (taught[1] ** 2 + untaught[1] ** 2) ** 0.5
        setting.check(taught[0] >= untaught[0] - allowed, f"{problem}: {taught[0]:.2f}, without being taught {untaught[0]:.2f}")
        found.append(f"{problem}: {failed['mean']:.1f} infeasible (at most {failed['most']}; {before['mean']:.1f} untaught), "
                     f"reached {taught[0]:.2f} ± {taught[1]:.2f} (untaught {untaught[0]:.2f} ± {untaught[1]:.2f}, "
                     f"no limit {free[0]:.2f} ± {free[1]:.2f})")
    return "; ".join(found), f"{runs} seeds, {evaluations} evaluations", not setting.faults
