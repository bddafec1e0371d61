"""Mutants of descriptions, networks, studies and jobs: no panic, no signal, no hang, no flood of memory."""

import contextlib
import glob
import json
import os
import re
import resource
import subprocess
import tempfile
import time

from common import describe, run

# Of processor time, which other work on the machine does not lengthen; and by the clock, for what waits for ever.
SECONDS, PATIENCE = 10, 120
# Resident, in MiB: the inputs are some kilobytes, and libtorch alone takes about 200.
MOST = {"nasbot": 100, "nasbot-worker": 500}
# Address space: what is asked for at once is refused, whether it is touched or not.
SPACE = {"nasbot": 1 << 30, "nasbot-worker": 16 << 30}
# What ends well, with a failure, or with a complaint.
STATUSES = {"nasbot": (0, 1, 2), "nasbot-worker": (0, 1, 2)}
NUMBERS = ["0", "-1", "1", "3", "0.5", "1e15", "1e400", "-1e400", "4294967296", "9223372036854775807", "18446744073709551616",
           "nan", "-inf", "true", '"x"', '""', "[]", "{}", "null", "1e308"]
LINES = ["[a]" * 5, "a." * 20000 + "b = 1", "x = " + "{a=" * 500 + "1" + "}" * 500, "[[space]]", "\ufeff", "\0",
         "x = '''\x1b[2J'''", '"' * 7]


def row(setting):
    count = setting.size(10_000, 60)
    statuses = {}
    kinds = [("toml", descriptions), ("network", networks), ("study", studies)] + ([("job", jobs)] if setting.worker else [])
    for name, make in kinds:
        make(setting, name, count, statuses)
    left_out = "" if setting.worker else ", jobs left out: no nasbot-worker"
    most = statuses.pop("MiB", {})
    ends = "; ".join(f"{name} {', '.join(f'{status}: {n}' for status, n in sorted(counts.items(), key=str))} (≤ {most[name]} MiB)"
                     for name, counts in statuses.items())
    found = f"{len(setting.faults)} faults; statuses {ends}"
    return found, f"{count} mutants each of {', '.join(name for name, _ in kinds)}{left_out}", not setting.faults


def limits(space):
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def go(setting, args, name, statuses, data=None, cwd=None):
    program = os.path.basename(args[0])
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(args, cwd=cwd, stdin=subprocess.PIPE, stdout=out, stderr=said,
                                   preexec_fn=lambda: limits(SPACE[program]))
        try:
            process.stdin.write(data or b"")
            process.stdin.flush()
            # A worker whose input ends has lost its search; others wait for that end.
            if program != "nasbot-worker":
                process.stdin.close()
        except BrokenPipeError:
            pass
        status, memory = wait(process)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        said.seek(0)
        out.seek(0)
        printed, complaint = out.read(), said.read()
    most = statuses.setdefault("MiB", {})
    most[name] = max(most.get(name, 0), memory)
    counts = statuses.setdefault(name, {})
    counts[status] = counts.get(status, 0) + 1
    if status not in STATUSES[program] or memory > MOST[program] or b"panicked" in complaint or b"\x1b" in complaint:
        first = complaint.strip().splitlines()[:1]
        setting.fault(f"{name}: status {status}, {memory} MiB {first} {repr(data)[:120] if data else ''}")
    return status, printed


def wait(process):
    """The status and the most memory of a process; one that waits for ever is killed."""
    end, pause = time.monotonic() + PATIENCE, 0.001
    while True:
        found, status, usage = os.wait4(process.pid, os.WNOHANG)
        if found:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_maxrss // 1024
        if time.monotonic() > end:
            process.kill()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            return "hangs", usage.ru_maxrss // 1024
        time.sleep(pause)
        pause = min(2 * pause, 0.02)


def bytes_mutant(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        if not data:
            break
        at, way, length = rng.randrange(len(data)), rng.randrange(6), rng.choice([1, 2, 4, 8, 64])
        if way == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            data[at] = rng.choice([0, 255, 10, 13, 34, 44, 91, 93, 123, 125, 128, 0xC3, 27, rng.randrange(256)])
        elif way == 2:
            del data[at:at + length]
        elif way == 3:
            data[at:at] = bytes(rng.randrange(256) for _ in range(length))
        elif way == 4:
            data[at:at] = data[max(0, at - 8 * length):at]
        else:
            del data[at:]
    return bytes(data)


def numbers_mutant(rng, text):
    spots = list(re.finditer(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text))
    for spot in sorted(rng.sample(spots, min(len(spots), rng.choice([1, 1, 2]))), key=lambda spot: -spot.start()):
        text = text[:spot.start()] + rng.choice(NUMBERS) + text[spot.end():]
    return text


def descriptions(setting, name, count, statuses):
    rng, folder = setting.random, setting.folder(name)
    texts = []
    for path in sorted(glob.glob(os.path.join(setting.demos, "**/*.toml"), recursive=True)):
        with open(path) as file:
            texts.append("\n".join(line for line in file if line.strip() and not line.startswith("#")))
    for _ in range(count):
        text = rng.choice(texts)
        lines = text.splitlines()
        way = rng.randrange(4)
        if way == 0:
            mutant = bytes_mutant(rng, text.encode())
        elif way == 1:
            mutant = numbers_mutant(rng, text).encode()
        elif way == 2:
            at = rng.randrange(len(lines))
            lines[at:at + 1] = rng.choice([[], [lines[at]] * 2, [rng.choice(lines)]])
            mutant = "\n".join(lines).encode()
        else:
            mutant = (text + "\n" + rng.choice(LINES)).encode()
        with open(os.path.join(folder, "mutant.toml"), "wb") as file:
            file.write(mutant)
        go(setting, [setting.nasbot, "validate", "mutant.toml"], name, statuses, cwd=folder)


def networks(setting, name, count, statuses):
    rng, folder = setting.random, setting.folder(name)
    texts = []
    for kind in ("cnn", "mlp-class", "mlp-reg"):
        describe(folder, 20, kind=kind)
        run([setting.nasbot, "search", "s.toml", "-q", "--fresh"], cwd=folder)
    for study in glob.glob(folder + "/*.nasbot.db"):
        shown = run([setting.nasbot, "show", "--all", "--format", "json", study]).stdout.decode()
        texts += [json.dumps(json.loads(line)["network"]) for line in shown.splitlines()]
    for _ in range(count):
        text = rng.choice(texts)
        way = rng.randrange(3)
        if way == 0:
            mutant = bytes_mutant(rng, text.encode())
        elif way == 1:
            mutant = numbers_mutant(rng, text).encode()
        else:
            network = json.loads(text)
            rng.shuffle(network["edges"])
            network["edges"].append([rng.randrange(40), rng.randrange(40)])
            rng.choice(network["layers"])["op"] = rng.choice(["relu", "conv3", "ip", "op", "softmax", "\x1b[2J"])
            mutant = json.dumps(network).encode()
        mutant = mutant.replace(b"\n", b" ").replace(b"\r", b" ")
        status, _ = go(setting, [setting.nasbot, "inspect", "-", "--format", "json"], name, statuses, data=mutant)
        if status == 0 and rng.random() < 0.1:
            go(setting, [setting.nasbot, "draw", "-"], name, statuses, data=mutant)


def studies(setting, name, count, statuses):
    rng, folder = setting.random, setting.folder(name)
    describe(folder, 25, workers=2, strategy="nasbot", kind="cnn")
    run([setting.nasbot, "search", "s.toml", "-q"], cwd=folder)
    whole = len(setting.events(folder))
    with open(folder + "/s.nasbot.db", "rb") as file:
        original = file.read()
    for _ in range(count):
        data = bytearray(original)
        for _ in range(rng.choice([1, 1, 2, 4])):
            at = rng.randrange(len(data)) if rng.random() < 0.7 else rng.randrange(4200)
            way = rng.randrange(4)
            if way == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif way == 1:
                data[at] = rng.randrange(256)
            elif way == 2:
                data[at:at + 8] = bytes(rng.randrange(256) for _ in range(8))
            else:
                data[at:at + 512] = bytes(len(data[at:at + 512]))
        with open(folder + "/mutant.nasbot.db", "wb") as file:
            file.write(data)
        more = rng.choice([[], ["--all"], ["--evaluation", "7"]])
        go(setting, [setting.nasbot, "show", "mutant.nasbot.db", *more], name, statuses, cwd=folder)
        status, out = go(setting, [setting.nasbot, "show", "mutant.nasbot.db", "--events"], name, statuses, cwd=folder)
        if status == 0 and len(out.decode(errors="replace").splitlines()) != whole:
            setting.fault(f"{name}: events are missing without a word")
        if rng.random() < 0.3:
            go(setting, [setting.nasbot, "resume", "mutant.nasbot.db", "-q", "--evaluations", "26"], name, statuses, cwd=folder)


def jobs(setting, name, count, statuses):
    rng, folder = setting.random, setting.folder(name)
    with open(folder + "/data.csv", "w") as file:
        file.writelines(f"{rng.random():.3f},{rng.random():.3f},{k % 2}\n" for k in range(40))
    network = {"kind": "mlp-class", "layers": [{"op": "ip"}, {"op": "relu", "units": 8}, {"op": "softmax"}, {"op": "op"}],
               "edges": [[0, 1], [1, 2], [2, 3]]}
    training = {"epochs": 1, "batch": 8, "learning-rate": 0.1, "label-smoothing": 0.1, "patience": 2, "precision": "fp32"}
    job = json.dumps({"protocol": 2, "evaluation": 0, "network": network, "seed": 1, "device": "cpu", "training": training,
                      "task": {"path": folder + "/data.csv", "task": "class", "split": {"train": 0.5, "validation": 0.25, "test": 0.25}}})
    trained = 0
    # A worker takes a tenth of a second to start, with libtorch: fewer of them.
    for _ in range(min(count, 2000)):
        way = rng.random()
        if way < 0.4:
            mutant = bytes_mutant(rng, job.encode())
        elif way < 0.8:
            mutant = numbers_mutant(rng, job).encode()
        else:
            mutant = job.encode()
        _, out = go(setting, [setting.worker], name, statuses, data=mutant.replace(b"\n", b" ") + b"\n")
        trained += b'"event":"done"' in out
    if not trained:
        setting.fault(f"{name}: no job came to a training")
