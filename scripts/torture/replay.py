"""A search by eight workers at once with rungs, failures and kills: every answer is computed again from its history."""

import json
import os
import sqlite3
import time

from common import PYTHON, describe, orphans, run, start

# Trains in parts, as the worker does: its score rises with the epochs and follows from the network; one in nine lacks memory, and some
# of those that go on diverge.
WORKER = r'''
import json, os, re, sys, time, zlib
job = sys.stdin.readline()
print('{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}', flush=True)
def find(pattern):
    found = re.search(pattern, job)
    return found and found.group(1)
save = find(r'"save":"([^"]*)"')
if save:
    open(save, "w").write("weights")
    until = 9
else:
    number, until, file = int(find(r'"evaluation":(\d+)')), int(find(r'"until":(\d+)')), find(r'"checkpoint":"([^"]*)"')
    time.sleep(0.01 + 0.01 * (zlib.crc32(b"%d %d" % (number, until)) % 9))
    if number % 9 == 7 and until > 1 or number % 9 == 8:
        kind = "out-of-memory" if number % 9 == 8 else "diverged"
        print('{"event":"failed","kind":"%s","message":"it failed"}' % kind, flush=True)
        sys.exit()
    open(file + ".partial", "w").write(str(until))
    os.rename(file + ".partial", file)
score = (zlib.crc32(find(r'("layers":\[.*?\])').encode()) % 10007 + 100 * until) / 20000
print('{"event":"done","score":%.6f,"metrics":{},"seconds":0.1,"parameters":12}' % score, flush=True)
'''


def row(setting):
    evaluations = setting.size(200, 60)
    counts = dict(kills=0, answers=0)
    folder = setting.folder("study")
    lay(setting, folder, evaluations)
    mark = f"{os.getpid()}-replay"
    args = ["search", "s.toml", "-q"]
    for share in (0.25, 0.5, 0.75):
        process = start(setting, args, folder, mark)
        while process.poll() is None and decided(folder) < share * evaluations:
            time.sleep(0.02)
        process.kill()
        process.communicate()
        counts["kills"] += process.returncode == -9
        args = ["resume", "s.nasbot.db", "-q"]
    ran = run([setting.nasbot, *args], cwd=folder, timeout=900)
    setting.check(ran.returncode == 0, f"resume {ran.returncode} {ran.stderr.decode()[-200:]}")
    orphans(mark)
    begin = time.monotonic()
    ran = run([setting.nasbot, "replay", "s.nasbot.db", "--format", "json"], cwd=folder, timeout=900)
    seconds = time.monotonic() - begin
    try:
        found = json.loads(ran.stdout)
    except ValueError:
        setting.fault(f"replay {ran.returncode} {ran.stderr.decode()[-200:]}")
        return "not replayed", "", False
    failed = sum("failed" in event.get("outcome", {}) for event in setting.events(folder) if event["event"] == "finished")
    setting.check(counts["kills"] == 3, f"{counts['kills']} kills")
    setting.check(found["suggestions"] == evaluations, f"{found['suggestions']} suggestions")
    setting.check(found["promotions"] > 0 and failed > 0, "no rung or no failure")
    setting.check(ran.returncode == 0 and found["identical"], f"{ran.stdout.decode()[:400]}")
    count = len(found["differences"]) + len(found["differing_fits"])
    text = f"{found['answers']} answers and {found['fits']} choices of hyper-parameters, {count} differ, in {seconds:.0f} s"
    return text, f"{evaluations} by 8 at once, {found['promotions']} on to a rung, {failed} failed, {counts['kills']} kills", not setting.faults


def lay(setting, folder, evaluations):
    with open(os.path.join(folder, "worker.py"), "w") as file:
        file.write(WORKER)
    worker = os.path.join(folder, "worker")
    with open(worker, "w") as file:
        file.write(f'#!/bin/sh\nexec {PYTHON} -I -S -E "{folder}/worker.py"\n')
    os.chmod(worker, 0o755)
    with open(os.path.join(folder, "data.csv"), "w") as file:
        file.writelines(f"{i % 7},{i % 5},{(i * i) % 3},{i % 2}\n" for i in range(120))
    describe(folder, evaluations, "local", workers=8, strategy="nasbot", seed=setting.random.randrange(1000),
             more='[data]\npath = "data.csv"\ntask = "class"\n[training]\nepochs = 9\n[fidelity]\nrungs = [1, 3]',
             more_workers=f'devices = ["cpu"]\nprogram = "{worker}"')


def decided(folder):
    """How many evaluations the study has, read beside the search."""
    path = os.path.join(folder, "s.nasbot.db")
    if not os.path.exists(path):
        return 0
    try:
        study = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        found = study.execute("SELECT count(*) FROM event WHERE event LIKE '{\"event\":\"queued\"%'").fetchone()[0]
        study.close()
        return found
    except sqlite3.Error:
        return 0
