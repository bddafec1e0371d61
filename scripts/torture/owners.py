"""A second searcher of one study, by whatever name: refused, and nothing is changed."""

import os
import signal
import time

from common import describe, run, start

WAYS = [
    ("symbolic link", lambda folder: os.symlink("s.nasbot.db", folder + "/link.nasbot.db"), "link.nasbot.db"),
    ("hard link", lambda folder: os.link(folder + "/s.nasbot.db", folder + "/hard.nasbot.db"), "hard.nasbot.db"),
    ("linked folder", lambda folder: os.symlink(".", folder + "/here"), "here/s.nasbot.db"),
    ("deleted lock file", lambda folder: os.remove(folder + "/s.nasbot.db.lock"), "s.nasbot.db"),
    ("its own name", lambda folder: None, "./s.nasbot.db"),
]


def row(setting):
    refused = 0
    for way, make, name in WAYS:
        folder = setting.folder("study")
        describe(folder, 3000, workers=1, more_workers='delay = "1ms"')
        first = start(setting, ["search", "s.toml", "-q"], folder, f"{os.getpid()}-owners")
        while first.poll() is None and setting.summary(folder).get("evaluations", 0) < 50:
            time.sleep(0.02)
        make(folder)
        second = run([setting.nasbot, "resume", name, "-q"], cwd=folder)
        said = second.stderr.decode()
        good = setting.check(second.returncode == 1 and "being searched" in said, f"{way}: {second.returncode} {said[-200:]}")
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=30)
        ids = [event["id"] for event in setting.events(folder) if event["event"] == "finished"]
        opened = sum(event["event"] == "opened" for event in setting.events(folder))
        good &= setting.check(len(ids) == len(set(ids)) and opened == 1, f"{way}: {len(ids)} finished, {opened} owners")
        refused += good
    return f"{refused} of {len(WAYS)} refused", f"{len(WAYS)} second searchers", refused == len(WAYS)
