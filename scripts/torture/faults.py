"""Programs that fail in many ways, a fifth of all: each evaluation is accounted for, and nothing grows or is left behind."""

import os
import time

from common import PYTHON, describe, orphans, start

# How a program misbehaves; those in SCORED give a score all the same.
MODES = ["segfault", "status", "hang", "flood", "flood-stderr", "binary", "silent", "daemon", "ignore-term", "partial", "twice",
         "kill-itself", "null", "nan", "deep"]
SCORED = {"good", "flood", "flood-stderr", "daemon", "twice"}
PROGRAM = r'''
import os, sys, time, signal
number = int(os.environ["NASBOT_EVALUATION"])
modes = sys.argv[1].split(",")
mode = modes[number // 5 % len(modes)] if number % 5 == 0 else "good"
def write(data, to=1):
    while data:
        data = data[os.write(to, data):]
sys.stdin.read()
if mode == "segfault": os.kill(os.getpid(), signal.SIGSEGV)
if mode == "kill-itself": os.kill(os.getpid(), signal.SIGKILL)
if mode == "status": write(b"about to fail\n", 2); os._exit(3)
if mode == "hang": time.sleep(1000)
if mode == "flood":
    for _ in range(20): write(b"epoch 1, loss 0.25\n" * 55000)
if mode == "flood-stderr":
    for _ in range(20): write(b"warning\n" * 131072, 2)
if mode == "binary": write(bytes(range(256)) * 40); os._exit(0)
if mode == "silent": os._exit(0)
if mode == "daemon" and os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    time.sleep(100); os._exit(0)
if mode == "ignore-term": signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)
if mode == "partial": write(b'{"score'); os._exit(0)
if mode == "twice": write(b'{"score":0.1}\n')
if mode == "null": write(b'{"score":null}\n'); os._exit(0)
if mode == "nan": write(b'{"score":NaN}\n'); os._exit(0)
if mode == "deep": write(b"[" * 200000 + b"\n"); os._exit(0)
write(b'{"score":0.%d}\n' % (number + 1))
'''


def row(setting):
    evaluations = setting.size(1000, 150)
    folder = setting.folder("study")
    with open(os.path.join(folder, "evaluate.py"), "w") as file:
        file.write(PROGRAM)
    describe(folder, evaluations, "command", [PYTHON, "-I", "-S", "-E", "evaluate.py", ",".join(MODES)],
             more_workers='timeout = "1s"\ngive-up-after = 1000')
    mark = f"{os.getpid()}-faults"
    process = start(setting, ["search", "s.toml", "-q"], folder, mark)
    # Enough for all that hang, one after the other.
    end = time.monotonic() + 60 + evaluations
    memory, handles = 0, []
    while process.poll() is None and time.monotonic() < end:
        try:
            handles.append(len(os.listdir(f"/proc/{process.pid}/fd")))
            with open(f"/proc/{process.pid}/status") as file:
                peak = next(line for line in file if line.startswith("VmHWM"))
            memory = max(memory, int(peak.split()[1]) // 1024)
        except (OSError, StopIteration):
            pass
        time.sleep(0.05)
    ended = process.poll() is not None
    if not ended:
        process.kill()
    _, said = process.communicate()
    setting.check(ended and process.returncode == 0, f"status {process.returncode}: {said.decode()[-300:]}")
    left = orphans(mark)
    setting.check(left == 0, f"{left} processes left")
    finished = {event["id"]: event for event in setting.events(folder) if event["event"] == "finished"}
    setting.check(sorted(finished) == list(range(evaluations)), f"{len(finished)} of {evaluations} accounted for")
    for number, event in finished.items():
        mode = MODES[number // 5 % len(MODES)] if number % 5 == 0 else "good"
        if ("score" in event["outcome"]) != (mode in SCORED):
            setting.fault(f"{mode}: {event['outcome']}")
    quarter = max(1, len(handles) // 4)
    early, late = max(handles[:quarter], default=0), max(handles[-quarter:], default=0)
    setting.check(late <= early + 8, f"handles grow from {early} to {late}")
    setting.check(memory <= 100, f"{memory} MB")
    found = f"{len(finished)} accounted for, {memory} MB, handles {early} then {late}, {left} left"
    return found, f"{evaluations // 5} of {evaluations} in {len(MODES)} ways", not setting.faults
