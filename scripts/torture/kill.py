"""kill -9 of the searcher at random instants, from its first millisecond on; resumed each time."""

import os
import subprocess

from common import describe, evaluator, integrity, orphans, start

# Backend, strategy, whether in batches.
STUDIES = [("command", "random", False), ("command", "nasbot", True), ("command", "evolution", True),
           ("command", "regularised-evolution", False), ("synthetic", "random", False), ("synthetic", "nasbot", True)]


def row(setting):
    kills = setting.size(500, 36)
    each = kills // len(STUDIES)
    counts = dict(kills=0, lost=0, again=0, corrupt=0, orphans=0, stuck=0)
    for number, (backend, strategy, synchronous) in enumerate(STUDIES):
        study(setting, counts, f"{number}-{strategy}", backend, strategy, synchronous, each)
    if setting.worker:
        rungs(setting, counts, each)
        with_rungs = "with rungs"
    else:
        with_rungs = "rungs left out: no nasbot-worker"
    found = ", ".join(f"{counts[name]} {name}" for name in ("lost", "again", "corrupt", "orphans", "stuck"))
    good = not setting.faults and not any(value for name, value in counts.items() if name != "kills")
    return found, f"{counts['kills']} kills in {len(STUDIES)} studies, {with_rungs}", good


def study(setting, counts, name, backend, strategy, synchronous, kills):
    folder = setting.folder(name)
    evaluations = 3 * kills
    describe(folder, evaluations, backend, evaluator(folder, 0.002, 0.03), strategy=strategy, synchronous=synchronous,
             seed=setting.random.randrange(1000), more_workers='delay = "4ms"' if backend == "synthetic" else "")
    torment(setting, counts, folder, name, kills, evaluations, 0.25)


def rungs(setting, counts, kills):
    folder = setting.folder("rungs")
    with open(os.path.join(folder, "data.csv"), "w") as file:
        file.writelines(f"{i % 7},{i % 5},{(i * i) % 3},{i % 2}\n" for i in range(120))
    evaluations = max(6, kills // 6)
    text = ('[study]\nname = "s"\n[space]\nkind = "mlp-class"\nmax-layers = 5\nmax-units = 16\n[data]\npath = "data.csv"\n'
            'task = "class"\n[training]\nepochs = 9\n[fidelity]\nrungs = [1, 3]\n[search]\nstrategy = "random"\ninitial = 2\n'
            f'[workers]\ndevices = ["cpu"]\nper-device = 2\nthreads = 1\nprogram = "{setting.worker}"\n'
            f'[budget]\nevaluations = {evaluations}\n')
    with open(os.path.join(folder, "s.toml"), "w") as file:
        file.write(text)
    torment(setting, counts, folder, "rungs", kills, evaluations, 1.5)


def torment(setting, counts, folder, name, kills, evaluations, longest):
    path = os.path.join(folder, "s.nasbot.db")
    mark = f"{os.getpid()}-{name}"
    final, done = {}, 0
    while True:
        # Killed in its first milliseconds, a search may leave nothing, or a study without a history.
        exists = os.path.exists(path) and not setting.summary(folder)["state"].startswith("unreadable")
        begun = exists and any(True for _ in setting.events(folder))
        args = ["resume", "s.nasbot.db", "-q"] if begun else ["search", "s.toml", "-q"]
        process = start(setting, args, folder, mark)
        is_killed = False
        if done < kills:
            # Often in the first milliseconds.
            patience = setting.random.choice([setting.random.uniform(0.0, 0.02), setting.random.uniform(0.0, longest)])
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                is_killed = True
        try:
            _, said = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            counts["stuck"] += 1
            setting.fault(f"{name}: did not end")
            break
        if not is_killed:
            if process.returncode != 0:
                setting.fault(f"{name}: status {process.returncode}: {said.decode()[-300:]}")
            break
        done += 1
        counts["kills"] += 1
        if setting.random.random() < 0.5:
            left = orphans(mark)
            counts["orphans"] += left
            if os.path.exists(path):
                state = integrity(path, os.path.join(folder, "scratch"))
                if not setting.check(state == "ok", f"{name}: integrity {state}"):
                    counts["corrupt"] += 1
                for event in setting.events(folder):
                    if event["event"] == "finished":
                        known = final.setdefault(event["id"], event["outcome"])
                        if known != event["outcome"]:
                            counts["lost"] += 1
    counts["orphans"] += orphans(mark)
    events = setting.events(folder)
    finished = [event["id"] for event in events if event["event"] == "finished"]
    counts["lost"] += len(set(final) - set(finished))
    ended = len(finished) if name != "rungs" else setting.summary(folder)["evaluations"]
    setting.check(ended == evaluations and len(set(finished)) == len(finished),
                  f"{name}: {ended} of {evaluations}, {len(finished)} final, {len(set(finished))} distinct")
    counts["again"] += begun_after_final(folder, events)


def begun_after_final(folder, events):
    """Evaluations whose program was begun after they were final, or twice at once."""
    log = os.path.join(folder, "own.log")
    if not os.path.exists(log):
        return 0
    final = {event["id"]: event["at"] for event in events if event["event"] == "finished"}
    begun, ended = {}, {}
    with open(log) as file:
        for line in file:
            words = line.split()
            if len(words) == 4:
                what = begun if words[0] == "begin" else ended
                what.setdefault(int(words[1]), []).append((float(words[3]), words[2]))
    late = sum(at > final[number] for number, times in begun.items() for at, _ in times if number in final)
    overlaps = 0
    for number, times in begun.items():
        times.sort()
        for (_, first), (at, _) in zip(times, times[1:]):
            overlaps += any(end > at for end, process in ended.get(number, []) if process == first)
    return late + overlaps
