"""A large study: what an evaluation costs at its end, and what opening and showing it cost."""

import os
import time

from common import describe, run


def row(setting):
    evaluations = setting.size(100_000, 10_000)
    folder = setting.folder("study")
    describe(folder, evaluations, workers=16)
    ran = run([setting.nasbot, "search", "s.toml", "-q"], cwd=folder, timeout=3600)
    setting.check(ran.returncode == 0, f"search {ran.returncode} {ran.stderr.decode()[-200:]}")
    times = [event["at"] for event in setting.events(folder) if event["event"] == "finished"]
    last = max(1, len(times) // 20)
    tell = 1000 * (times[-1] - times[-1 - last]) / last
    timed = {}
    for name, args in (("show", ["show", "s.nasbot.db"]), ("open", ["resume", "s.nasbot.db", "-q"])):
        seconds = []
        for _ in range(3):
            begin = time.monotonic()
            ran = run([setting.nasbot, *args], cwd=folder)
            seconds.append(time.monotonic() - begin)
            setting.check(ran.returncode == 0, f"{name} {ran.returncode} {ran.stderr.decode()[-200:]}")
        timed[name] = sorted(seconds)[1]
    size = os.path.getsize(os.path.join(folder, "s.nasbot.db")) / 1e6
    setting.check(timed["show"] <= 1.0, f"show takes {timed['show']:.2f} s")
    setting.check(timed["open"] <= 1.0, f"a resume without work takes {timed['open']:.2f} s, its end included")
    setting.check(tell <= 5.0, f"{tell:.2f} ms an evaluation at the end")
    found = f"open {timed['open']:.2f} s, show {timed['show']:.2f} s, {tell:.2f} ms an evaluation at the end, {size:.0f} MB"
    return found, f"{evaluations} evaluations", not setting.faults
