"""Shared by the rows: descriptions of searches, programs that evaluate, processes that are looked at."""

import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import time

PYTHON = os.path.realpath(sys.executable)

# Notes when it begins and ends in a log of its own, and scores a network by its text.
EVALUATOR = r'''
import os, sys, time, zlib
number = os.environ["NASBOT_EVALUATION"]
log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def note(what):
    os.write(log, f"{what} {number} {os.getpid()} {time.time():.6f}\n".encode())
note("begin")
text = sys.stdin.read().strip()
low, high = float(sys.argv[2]), float(sys.argv[3])
time.sleep(low + (high - low) * (zlib.crc32((text + os.environ["NASBOT_SEED"]).encode()) % 1000) / 1000)
note("end")
print('{"score":%.6f}' % (zlib.crc32(text.encode()) % 1000003 / 1000003))
'''


class Skipped(Exception):
    """A row that cannot be run here."""


class Setting:
    """What a row works with, and the faults that it finds."""

    def __init__(self, args, work):
        self.nasbot = os.path.join(os.path.abspath(args.bin), "nasbot")
        worker = os.path.join(os.path.abspath(args.bin), "nasbot-worker")
        self.worker = worker if os.path.exists(worker) else None
        self.demos = args.demos
        self.quick = args.quick
        self.random = random.Random(args.seed)
        self.work = work
        self.faults = []

    def size(self, whole, quick):
        return quick if self.quick else whole

    def fault(self, text):
        self.faults.append(text[:500])

    def check(self, good, text):
        if not good:
            self.fault(text)
        return good

    def folder(self, name):
        path = os.path.join(self.work, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def events(self, folder, study="s.nasbot.db"):
        ran = run([self.nasbot, "show", "--events", study], cwd=folder)
        if ran.returncode:
            raise RuntimeError(f"show --events: {ran.returncode} {ran.stderr.decode()[:300]}")
        return [json.loads(line) for line in ran.stdout.decode().splitlines()]

    def summary(self, folder, study="s.nasbot.db"):
        ran = run([self.nasbot, "show", "--format", "json", study], cwd=folder)
        return json.loads(ran.stdout) if ran.returncode == 0 else {"state": f"unreadable: {ran.stderr.decode()[:200]}"}


def describe(folder, evaluations, backend="synthetic", command=None, workers=4, strategy="random", seed=1, kind="mlp-class",
             synchronous=False, more_workers="", more="", initial=None):
    """Writes s.toml."""
    text = f'[study]\nname = "s"\nseed = {seed}\n[space]\nkind = "{kind}"\nmax-layers = 10\nmax-units = 128\n'
    text += f'[search]\nstrategy = "{strategy}"\n' + (f"initial = {initial}\n" if initial else "")
    text += f'[budget]\nevaluations = {evaluations}\n{more}\n[workers]\nbackend = "{backend}"\nper-device = {workers}\n'
    if backend == "command":
        text += 'devices = ["cpu"]\ncommand = ' + json.dumps(command) + "\n"
    if synchronous:
        text += "synchronous = true\n"
    with open(os.path.join(folder, "s.toml"), "w") as file:
        file.write(text + more_workers + "\n")


def evaluator(folder, low, high):
    """Writes the evaluator and returns the command that runs it."""
    with open(os.path.join(folder, "evaluate.py"), "w") as file:
        file.write(EVALUATOR)
    return [PYTHON, "-I", "-S", "-E", "evaluate.py", os.path.join(folder, "own.log"), str(low), str(high)]


def run(args, cwd=None, timeout=300, **more):
    return subprocess.run(args, cwd=cwd, timeout=timeout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, **more)


def start(setting, args, folder, mark, **more):
    more.setdefault("stdout", subprocess.DEVNULL)
    more.setdefault("stderr", subprocess.PIPE)
    environment = dict(os.environ, NASBOT_TORTURE_MARK=mark)
    return subprocess.Popen([setting.nasbot, *args], cwd=folder, env=environment, stdin=subprocess.DEVNULL, **more)


def marked(mark):
    """The numbers of living processes that were started with this mark."""
    found, needle = [], ("NASBOT_TORTURE_MARK=" + mark).encode()
    for number in os.listdir("/proc"):
        if not number.isdigit():
            continue
        try:
            with open(f"/proc/{number}/environ", "rb") as file:
                if needle not in file.read().split(b"\0"):
                    continue
            with open(f"/proc/{number}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] != "Z":
                    found.append(int(number))
        except OSError:
            pass
    return found


def orphans(mark, patience=3.0):
    """How many processes are left after a while; they are killed."""
    end = time.monotonic() + patience
    while (left := marked(mark)) and time.monotonic() < end:
        time.sleep(0.01)
    for number in left:
        try:
            os.kill(number, 9)
        except OSError:
            pass
    return len(left)


def integrity(study, scratch):
    """What SQLite says of a copy, so that looking does not mend the original."""
    os.makedirs(scratch, exist_ok=True)
    copy = os.path.join(scratch, "copy.db")
    for ending in ("", "-journal"):
        if os.path.exists(copy + ending):
            os.remove(copy + ending)
        if os.path.exists(study + ending):
            shutil.copyfile(study + ending, copy + ending)
    connection = sqlite3.connect(copy)
    try:
        return connection.execute("pragma integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    finally:
        connection.close()


def processor_time():
    """Seconds of processor time of all children that have been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
