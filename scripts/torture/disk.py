"""A disk that gets full, that may not be written to, or on which a study is copied, moved, removed and replaced."""

import os
import shutil
import subprocess
import time

from common import Skipped, describe, evaluator, integrity, orphans, run, start


def row(setting):
    if os.geteuid() != 0:
        raise Skipped("needs root, to mount a small disk")
    times = setting.size(12, 3)
    for number in range(times):
        full(setting, number)
    read_only(setting)
    for number in range(setting.size(20, 4)):
        copied(setting, number)
    for way in ("removed", "replaced", "renamed folder"):
        gone(setting, way)
    injected = f"{times} full disks, read-only, {setting.size(20, 4)} copies, 3 studies gone"
    return f"{len(setting.faults)} faults", injected, not setting.faults


def full(setting, number):
    disk = setting.folder("disk")
    log = os.path.join(setting.work, "own.log")
    if os.path.exists(log):
        os.remove(log)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], check=True)
    try:
        command = evaluator(disk, 0.005, 0.02)
        command[-3] = log
        describe(disk, 120, "command" if number % 3 else "synthetic", command)
        mark = f"{os.getpid()}-disk"
        process = start(setting, ["search", "s.toml", "-q"], disk, mark)
        try:
            process.wait(setting.random.uniform(0.0, 0.8))
        except subprocess.TimeoutExpired:
            fill(disk, setting.random.choice([0, 0, 4096, 20000, 60000]))
        try:
            _, said = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
            setting.fault("full disk: hangs")
        setting.check(process.returncode in (0, 1), f"full disk: status {process.returncode} {said.decode()[-200:]}")
        setting.check(orphans(mark) == 0, "full disk: processes left")
        before = finished(setting, disk)
        if process.returncode == 0:
            setting.check(len(before) == 120, f"full disk: status 0 with {len(before)} of 120")
        filler = os.path.join(disk, "filler")
        if os.path.exists(filler):
            os.remove(filler)
        study = os.path.join(disk, "s.nasbot.db")
        state = integrity(study, os.path.join(setting.work, "scratch")) if os.path.exists(study) else "ok"
        setting.check(state == "ok", f"full disk: integrity {state}")
        args = ["resume", "s.nasbot.db", "-q"] if before else ["search", "s.toml", "-q"]
        ran = run([setting.nasbot, *args], cwd=disk)
        if ran.returncode == 2 and before == {}:
            ran = run([setting.nasbot, "resume", "s.nasbot.db", "-q"], cwd=disk)
        after = finished(setting, disk)
        good = ran.returncode == 0 and len(after) == 120 and all(after.get(i) == o for i, o in before.items())
        setting.check(good, f"full disk: then {ran.returncode} {ran.stderr.decode()[-200:]}, {len(before)} before, {len(after)} after")
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def fill(disk, leave):
    free = os.statvfs(disk)
    try:
        with open(os.path.join(disk, "filler"), "wb") as file:
            file.write(b"x" * max(0, free.f_bavail * free.f_frsize - leave))
    except OSError:
        pass


def finished(setting, folder, study="s.nasbot.db"):
    if not os.path.exists(os.path.join(folder, study)):
        return {}
    events = setting.events(folder, study)
    return {event["id"]: event["outcome"] for event in events if event["event"] == "finished"}


def read_only(setting):
    folder, disk = setting.folder("study"), setting.folder("disk")
    describe(folder, 10)
    run([setting.nasbot, "search", "s.toml", "-q"], cwd=folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], check=True)
    try:
        shutil.copy(os.path.join(folder, "s.nasbot.db"), disk)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for args, status in ((["show", "s.nasbot.db"], 0), (["draw", "s.nasbot.db"], 0), (["resume", "s.nasbot.db", "-q"], 1)):
            ran = run([setting.nasbot, *args], cwd=disk)
            setting.check(ran.returncode == status, f"read-only: {args[0]} {ran.returncode} {ran.stderr.decode()[-150:]}")
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def copied(setting, number):
    """The one file is copied while the search runs, and after it was killed: both copies go on."""
    folder = setting.folder("study")
    describe(folder, 400, more_workers='delay = "10ms"')
    process = start(setting, ["search", "s.toml", "-q"], folder, f"{os.getpid()}-copy")
    time.sleep(setting.random.uniform(0.2, 0.6))
    before = set(finished(setting, folder))
    shutil.copyfile(folder + "/s.nasbot.db", folder + "/running.nasbot.db")
    process.kill()
    process.communicate()
    time.sleep(0.05)
    original = finished(setting, folder)
    shutil.copyfile(folder + "/s.nasbot.db", folder + "/killed.nasbot.db")
    for name in ("running", "killed"):
        ran = run([setting.nasbot, "show", f"{name}.nasbot.db"], cwd=folder)
        if not setting.check(ran.returncode == 0, f"copy while {name}: {ran.stderr.decode()[-200:]}"):
            continue
        copy = finished(setting, folder, f"{name}.nasbot.db")
        wanted = before if name == "running" else set(original)
        setting.check(wanted <= set(copy), f"copy while {name}: lacks {len(wanted - set(copy))} of {len(wanted)}")
        ran = run([setting.nasbot, "resume", f"{name}.nasbot.db", "-q"], cwd=folder)
        setting.check(ran.returncode == 0, f"copy while {name}: resume {ran.returncode} {ran.stderr.decode()[-200:]}")


def gone(setting, way):
    folder = setting.folder("study")
    describe(folder, 300, more_workers='delay = "10ms"')
    process = start(setting, ["search", "s.toml", "-q"], folder, f"{os.getpid()}-gone")
    time.sleep(0.4)
    before = finished(setting, folder)
    where = folder
    if way == "renamed folder":
        where = folder + "-renamed"
        os.rename(folder, where)
    else:
        os.remove(folder + "/s.nasbot.db")
    if way == "replaced":
        with open(folder + "/s.nasbot.db", "wb") as file:
            file.write(b"something else")
    _, said = process.communicate(timeout=60)
    studies = [name for name in os.listdir(where) if name.endswith(".nasbot.db")]
    kept = [name for name in studies if run([setting.nasbot, "show", name], cwd=where).returncode == 0]
    found = finished(setting, where, kept[0]) if kept else {}
    good = all(found.get(number) == outcome for number, outcome in before.items()) and before
    setting.check(good, f"{way}: {len(found)} of {len(before)} kept in {studies}, {said.decode()[-200:]}")
    if process.returncode == 0:
        setting.check(len(found) == 300, f"{way}: status 0 with {len(found)} of 300")
    shutil.rmtree(where, ignore_errors=True)
