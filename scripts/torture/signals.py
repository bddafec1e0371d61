"""Requests to stop at random instants, to the searcher alone and to all that has come from it, as Slurm and systemd send them."""

import os
import signal
import subprocess

from common import describe, evaluator, orphans, run, start

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def row(setting):
    count = setting.size(200, 60)
    bad = dict(status=0, state=0, failed=0, orphans=0, unfinished=0)
    sent = early = 0
    for number in range(count):
        folder = setting.folder("study")
        backend = "synthetic" if number % 5 == 4 else "command"
        strategy = "nasbot" if number % 2 else "random"
        more = 'delay = "20ms"' if backend == "synthetic" else ""
        describe(folder, 400, backend, evaluator(folder, 0.02, 0.06), strategy=strategy, more_workers=more)
        mark = f"{os.getpid()}-signals"
        process = start(setting, ["search", "s.toml", "-q"], folder, mark)
        which, group = SIGNALS[number % 3], number % 2 == 0
        try:
            process.wait(setting.random.choice([setting.random.uniform(0.0, 0.05), setting.random.uniform(0.0, 1.2)]))
            continue
        except subprocess.TimeoutExpired:
            pass
        for target in family(process.pid) if group else [process.pid]:
            try:
                os.kill(target, which)
            except OSError:
                pass
        try:
            _, said = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
        what = f"{which.name} {'to all' if group else 'alone'}, {backend} {strategy}"
        if process.returncode == -which and not os.path.exists(os.path.join(folder, "s.nasbot.db")):
            # Before the program listens there is no study, and nothing to interrupt.
            early += 1
            bad["orphans"] += orphans(mark)
            continue
        sent += 1
        bad["status"] += not setting.check(process.returncode == 130, f"{what}: status {process.returncode} {said.decode()[-200:]}")
        bad["orphans"] += orphans(mark)
        summary = setting.summary(folder)
        bad["state"] += not setting.check(summary["state"] == "interrupted", f"{what}: {summary['state']}")
        failed = summary.get("failed", -1)
        bad["failed"] += not setting.check(failed == 0, f"{what}: {failed} failed")
        target = summary.get("evaluations", 0) + 12
        ran = run([setting.nasbot, "resume", "s.nasbot.db", "-q", "--evaluations", str(target)], cwd=folder)
        after = setting.summary(folder)
        good = ran.returncode == 0 and after["state"] == "complete" and after["evaluations"] == target and after["failed"] == 0
        bad["unfinished"] += not setting.check(good, f"{what}: resume {ran.returncode} {ran.stderr.decode()[-200:]} {after}")
    found = ", ".join(f"{value} wrong {name}" for name, value in bad.items())
    return found, f"{sent} signals, every second one to all processes, {early} more before it listens", not any(bad.values())


def family(number):
    """A process and all that have come from it."""
    found = [number]
    for one in found:
        try:
            threads = os.listdir(f"/proc/{one}/task")
        except OSError:
            continue
        for thread in threads:
            try:
                with open(f"/proc/{one}/task/{thread}/children") as file:
                    found.extend(int(word) for word in file.read().split())
            except OSError:
                pass
    return found
