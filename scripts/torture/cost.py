"""What the searcher itself costs: a resume's first suggestion, an evaluation without a process, one with a process."""

import os
import statistics

from common import Skipped, describe, processor_time, run

PROGRAM = ["/bin/sh", "-c", "cat >/dev/null; echo '{\"score\": 0.5}'"]


def resume_row(setting):
    """The first suggestion after a resume beside ordinary ones: those before it that chose no hyper-parameters anew."""
    folder = setting.folder("study")
    found = []
    sizes = setting.size([300, 1000], [60, 120])
    describe(folder, sizes[0], workers=1, strategy="nasbot", kind="cnn")
    run([setting.nasbot, "search", "s.toml", "-q"], cwd=folder, timeout=3600)
    for size in sizes:
        run([setting.nasbot, "resume", "s.nasbot.db", "-q", "--evaluations", str(size)], cwd=folder, timeout=3600)
        run([setting.nasbot, "resume", "s.nasbot.db", "-q", "--evaluations", str(size + 1)], cwd=folder, timeout=3600)
        seconds = [event["seconds"] for event in setting.events(folder) if event["event"] == "queued"]
        ordinary, first = statistics.median(seconds[size - 10:size]), seconds[size]
        setting.check(first <= 2 * ordinary, f"{size}: {first:.3f} s, an ordinary one {ordinary:.3f} s")
        found.append(f"{size}: {first:.2f} s beside {ordinary:.2f} s ({first / ordinary:.1f} ×)")
    return "; ".join(found), f"resumes at {' and '.join(map(str, sizes))}", not setting.faults


def synthetic_row(setting):
    folder = setting.folder("study")
    evaluations = setting.size(20_000, 5_000)
    describe(folder, evaluations, workers=64, more_workers='delay = "10ms"')
    ran = run(["taskset", "-c", "0", setting.nasbot, "search", "s.toml", "-q"], cwd=folder, timeout=3600)
    setting.check(ran.returncode == 0, f"status {ran.returncode} {ran.stderr.decode()[-200:]}")
    events = setting.events(folder)
    begin = next(event["at"] for event in events if event["event"] == "queued")
    end = max(event["at"] for event in events if event["event"] == "finished")
    rate = evaluations / (end - begin)
    setting.check(rate >= 2000, f"{rate:.0f} a second")
    return f"{rate:.0f} a second", f"{evaluations} evaluations of 10 ms, 64 at once", not setting.faults


def programs_row(setting):
    """Processor time of a search with all its processes, less that of the same programs started by themselves."""
    evaluations = setting.size(300, 100)
    folder = setting.folder("study")
    describe(folder, evaluations, "command", PROGRAM, workers=2)
    costs = []
    for _ in range(3):
        before = processor_time()
        ran = run([setting.nasbot, "search", "s.toml", "-q", "--fresh"], cwd=folder)
        if ran.returncode:
            raise Skipped(ran.stderr.decode()[-200:])
        searched = processor_time() - before
        before = processor_time()
        for _ in range(evaluations):
            bare()
        costs.append(1000 * (searched - (processor_time() - before)) / evaluations)
    cost = statistics.median(costs)
    setting.check(cost <= 3.0, f"{cost:.2f} ms")
    return f"{cost:.2f} ms", f"{evaluations} programs, three times", not setting.faults


def bare():
    """The program by itself, with an input and an output as in a search."""
    reads, feeds = os.pipe()
    gives, writes = os.pipe()
    os.write(feeds, b"x" * 1000 + b"\n")
    os.close(feeds)
    actions = [(os.POSIX_SPAWN_DUP2, reads, 0), (os.POSIX_SPAWN_DUP2, writes, 1)]
    number = os.posix_spawn(PROGRAM[0], PROGRAM, os.environ, file_actions=actions)
    for handle in (reads, writes):
        os.close(handle)
    os.waitpid(number, 0)
    os.close(gives)
