"""A search that is cut at any instant goes on with the suggestions that it would have made uncut."""

import os
import signal
import subprocess

from common import describe, evaluator, run, start

STRATEGIES = ["nasbot", "evolution", "regularised-evolution", "local-search", "random"]


def row(setting):
    cuts = setting.size(8, 2)
    counts = dict(cuts=0, same=0, searches=0)
    for strategy in STRATEGIES:
        for synchronous in (True, False):
            study(setting, counts, strategy, synchronous, cuts)
    found = f"{counts['same']} of {counts['searches']} the same"
    return found, f"{counts['cuts']} cuts by SIGKILL and SIGINT", counts["same"] == counts["searches"] and not setting.faults


def study(setting, counts, strategy, synchronous, cuts):
    # In batches of four, or one at a time: otherwise suggestions depend on which result comes first.
    name = f"{strategy}-{'batches' if synchronous else 'one'}"
    whole = lay(setting, name + "-whole", strategy, synchronous)
    run([setting.nasbot, "search", "s.toml", "-q"], cwd=whole)
    folder = lay(setting, name, strategy, synchronous)
    done = False
    for _ in range(cuts):
        args = ["resume", "s.nasbot.db", "-q"] if os.path.exists(folder + "/s.nasbot.db") else ["search", "s.toml", "-q"]
        process = start(setting, args, folder, f"{os.getpid()}-{name}")
        try:
            process.wait(setting.random.uniform(0.03, 0.6))
            done = True
        except subprocess.TimeoutExpired:
            process.send_signal(setting.random.choice([signal.SIGKILL, signal.SIGINT]))
            counts["cuts"] += 1
        process.communicate(timeout=60)
        if done:
            break
    exists = os.path.exists(folder + "/s.nasbot.db") and setting.events(folder)
    run([setting.nasbot, *(["resume", "s.nasbot.db", "-q"] if exists else ["search", "s.toml", "-q"])], cwd=folder)
    one, other = decisions(setting, whole), decisions(setting, folder)
    counts["searches"] += 1
    counts["same"] += one == other
    first = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    setting.check(one == other, f"{name}: differs from suggestion {first} of {len(one)} and {len(other)} on")


def lay(setting, name, strategy, synchronous):
    folder = setting.folder(name)
    describe(folder, 28, "command", evaluator(folder, 0.01, 0.08), workers=4 if synchronous else 1, strategy=strategy,
             synchronous=synchronous, initial=4)
    return folder


def decisions(setting, folder):
    queued = [event["suggestion"] for event in setting.events(folder) if event["event"] == "queued"]
    return [(suggestion["candidate"], suggestion["seed"]) for suggestion in queued]
