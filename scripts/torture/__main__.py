"""What a search must survive, as a table: run by scripts/torture.sh, which says how."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import cost
import cut
import disk
import faults
import fuzz
import kill
import limit
import owners
import ray
import replay
import scale
import signals
import slurm
from common import Setting, Skipped

# Each row: its name, its goal, and the function that returns what was found, what was injected and whether that is the goal.
ROWS = [
    ("kill", "0 finished lost, 0 run again after completion, 0 corrupt, 0 orphans, 0 stuck", kill.row),
    ("cut", "the same suggestions as uncut, every strategy", cut.row),
    ("signals", "130, interrupted, nothing booked as failed, resumes", signals.row),
    ("owners", "the second refused, nothing changed", owners.row),
    ("resume-cost", "first suggestion within 2 × an ordinary one", cost.resume_row),
    ("faults", "every one accounted for, ≤ 100 MB, no handle leaked, ends", faults.row),
    ("disk", "no committed row lost, copies complete, resume works", disk.row),
    ("scale", "open ≤ 1 s, show ≤ 1 s, tell ≤ 5 ms", scale.row),
    ("cost-synthetic", "≥ 2,000 evaluations a second on one core", cost.synthetic_row),
    ("cost-programs", "≤ 3 ms of processor time beside the program's own", cost.programs_row),
    ("slurm", "0 finished lost, 0 evaluated again, all accounted for, no job left", slurm.row),
    ("submissions", "≤ 15 sbatch for 200 evaluations by arrays of 20, ≤ 1 squeue a second", slurm.submissions_row),
    ("ray", "0 finished lost, 0 evaluated again, all accounted for, no job left", ray.row),
    ("replay", "every answer recomputed, identical", replay.row),
    ("limit", "≤ 8 infeasible proposals after the first 20, no worse than without the limit's teaching", limit.row),
    ("fuzz", "no panic, no hang, no flood of memory", fuzz.row),
]


def end(number, _):
    raise SystemExit(128 + number)


def main():
    # A script that runs in the background, or under nohup, ignores some of these, and so would all that it starts.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    parser = argparse.ArgumentParser(prog="scripts/torture.sh", description="What a search must survive, as a table.")
    parser.add_argument("--bin", required=True, help="the folder of nasbot, and of nasbot-worker if it is there")
    parser.add_argument("--demos", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="every row, small")
    parser.add_argument("--only", help="some rows, with commas between: " + ", ".join(name for name, _, _ in ROWS))
    parser.add_argument("--json", metavar="FILE", help="a JSON object a row; - is standard output")
    args = parser.parse_args()
    wanted = args.only.split(",") if args.only else [name for name, _, _ in ROWS]
    unknown = set(wanted) - {name for name, _, _ in ROWS}
    if unknown:
        parser.error("there is no row " + ", ".join(sorted(unknown)))
    top = tempfile.mkdtemp(prefix="nasbot-torture-")
    results = []
    try:
        for name, goal, row in ROWS:
            if name not in wanted:
                continue
            work = os.path.join(top, name)
            os.mkdir(work)
            setting = Setting(args, work)
            begin = time.monotonic()
            try:
                found, injected, good = row(setting)
                state = "ok" if good else "FAULT"
            except Skipped as why:
                found, injected, state = str(why), "", "skipped"
            result = {"row": name, "goal": goal, "injected": injected, "found": found, "state": state,
                      "faults": setting.faults, "seconds": round(time.monotonic() - begin, 1)}
            results.append(result)
            print(f"{state:8}{name:16}{found}", file=sys.stderr, flush=True)
            for fault in setting.faults:
                print("        " + fault, file=sys.stderr, flush=True)
            shutil.rmtree(work, ignore_errors=True)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    if args.json:
        text = "".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results)
        if args.json == "-":
            sys.stdout.write(text)
        else:
            with open(args.json, "w") as file:
                file.write(text)
    if args.json != "-":
        table(results)
    sys.exit(any(result["state"] == "FAULT" for result in results))


def table(results):
    rows = [("row", "goal", "injected", "found", "", "s")]
    rows += [(r["row"], r["goal"], r["injected"], r["found"], r["state"], f"{r['seconds']:.0f}") for r in results]
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows[1:]:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
