"""A study over a real Slurm that is disturbed in every way that Slurm has, and how often its commands are called."""

import os
import shutil
import subprocess
import threading
import time

import queued
from common import Skipped, evaluator, run

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "slurm.sh")
# The files that a job writes, which nodes' disks show late.
OF_JOBS = ("started", "progress", "stopped", "paused.json", "result.json")


class Slurm:
    """A Slurm of its own, in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        started = run([SCRIPT, "start", self.folder], timeout=180)
        if started.returncode:
            raise Skipped("no Slurm: " + started.stderr.decode().strip().splitlines()[-1])
        os.environ["SLURM_CONF"] = os.path.join(self.folder, "slurm.conf")
        return self

    def __exit__(self, *_):
        run([SCRIPT, "stop", self.folder], timeout=60)
        os.environ.pop("SLURM_CONF", None)

    def do(self, what):
        done = run([SCRIPT, what, self.folder], timeout=120)
        if done.returncode:
            raise RuntimeError(f"slurm.sh {what}: {done.stderr.decode()[-300:]}")

    def jobs(self, *states):
        """The living jobs of nasbot: numbers by which they can be named."""
        listed = run(["squeue", "--noheader", "--array", "--format=%i|%T|%j"], timeout=120).stdout.decode()
        lines = [line.strip().split("|") for line in listed.splitlines()]
        return [words[0] for words in lines
                if words[2].startswith("nasbot-") and (not states or words[1] in states)]

    def logged(self, text):
        """How often the controller has noted something."""
        with open(os.path.join(self.folder, "slurmctld.log"), errors="replace") as file:
            return sum(text in line for line in file)

    def node(self, state):
        name = run(["sinfo", "--noheader", "--format=%n"]).stdout.decode().split()[0]
        run(["scontrol", "update", f"nodename={name}", f"state={state}", "reason=test"], timeout=60)

    def hurry(self):
        """Lets requeued jobs begin, which Slurm makes wait for two minutes; releases what it holds."""
        for job in self.jobs("PENDING"):
            run(["scontrol", "release", job], timeout=60)
            run(["scontrol", "update", f"jobid={job}", "starttime=now"], timeout=60)


class Late(threading.Thread):
    """Between the nodes' view of the folder of jobs and that of the search: what jobs write comes some seconds late."""

    def __init__(self, near, far, delay):
        super().__init__(daemon=True)
        self.near, self.far, self.delay = near, far, delay
        self.due, self.carried, self.ends = {}, {}, False

    def run(self):
        while not self.ends:
            try:
                self.carry()
            except OSError:
                pass  # Folders come and go meanwhile.
            time.sleep(0.1)

    def carry(self):
        for folder in os.listdir(self.near):
            self.copy_there(folder)
        for folder in os.listdir(self.far):
            near, far = os.path.join(self.near, folder), os.path.join(self.far, folder)
            if not os.path.isdir(near):
                shutil.rmtree(far, ignore_errors=True)
                continue
            for name in os.listdir(far):
                if name in OF_JOBS or (folder == "batches" and name.endswith(".out")):
                    self.copy_here(os.path.join(far, name), os.path.join(near, name))

    def copy_there(self, folder):
        near, far = os.path.join(self.near, folder), os.path.join(self.far, folder)
        if not os.path.isdir(near):
            return
        os.makedirs(far, exist_ok=True)
        for name in os.listdir(near):
            if name not in OF_JOBS and not name.endswith((".out", ".partial")):
                self.copy(os.path.join(near, name), os.path.join(far, name))

    def copy_here(self, source, target):
        stamp = (source, os.stat(source).st_mtime_ns)
        now = time.monotonic()
        if now >= self.due.setdefault(stamp, now + self.delay()):
            self.copy(source, target)

    def copy(self, source, target):
        stamp = os.stat(source).st_mtime_ns
        if self.carried.get(target) == stamp:
            return
        partial = target + ".carried"
        shutil.copy(source, partial)
        os.rename(partial, target)
        self.carried[target] = stamp


def hide(slurm, near, far):
    """Lets the node see another folder in the place of that of the jobs."""
    os.makedirs(near)
    os.makedirs(far)
    # The search removes an empty folder, and with it would go what hides it.
    open(os.path.join(near, "kept"), "w").close()
    with open(os.path.join(slurm.folder, "slurmd.pid")) as file:
        number = file.read().strip()
    return run(["nsenter", "-t", number, "-m", "mount", "--bind", far, near]).returncode == 0


class Disturber(threading.Thread):
    """Does everything to the jobs that can be done to them, one thing after the other."""

    def __init__(self, setting, slurm, near, far, outage):
        super().__init__(daemon=True)
        self.setting, self.slurm, self.near, self.far, self.outage = setting, slurm, near, far, outage
        self.done, self.is_late, self.error = [], False, None

    def run(self):
        try:
            for what in (self.cancel, self.requeue, self.preempt, self.drain, self.down, self.fail, self.cancel):
                time.sleep(self.setting.random.uniform(2, 4))
                if what():
                    self.done.append(what.__name__)
        except (OSError, RuntimeError, subprocess.SubprocessError, IndexError) as error:
            self.error = error

    def running(self):
        """A running job, once there is one."""
        for _ in range(300):
            if jobs := self.slurm.jobs("RUNNING"):
                return self.setting.random.choice(jobs)
            self.slurm.hurry()
            time.sleep(0.1)
        raise RuntimeError("no job runs")

    def cancel(self):
        return run(["scancel", self.running()], timeout=60).returncode == 0

    def requeue(self):
        good = run(["scontrol", "requeue", self.running()], timeout=60).returncode == 0
        time.sleep(3)
        self.slurm.hurry()
        return good

    def preempt(self):
        self.running()
        # It takes the whole node: every other job is requeued.
        sent = run(["sbatch", "--parsable", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 4"])
        job = sent.stdout.decode().strip()
        for _ in range(300):
            if not run(["squeue", "--noheader", f"--jobs={job}"]).stdout.strip():
                break
            time.sleep(0.1)
        self.slurm.hurry()
        self.setting.check(self.slurm.logged("preempted") > 0, "no job was pre-empted")
        return sent.returncode == 0

    def drain(self):
        self.running()
        self.slurm.node("drain")
        time.sleep(5)
        self.slurm.node("resume")
        return True

    def down(self):
        self.running()
        self.slurm.do("kill-controller")
        time.sleep(self.outage)
        self.slurm.do("start-controller")
        time.sleep(2)
        # What it has forgotten may meet what runs, for which it drains the node.
        self.slurm.node("resume")
        self.slurm.hurry()
        return True

    def long(self):
        """Waits until a long evaluation begins."""
        path = os.path.join(os.path.dirname(self.near), "own.log")
        for _ in range(1200):
            with open(path) as file:
                begun = [line.split() for line in file if line.startswith("begin")]
            if any(int(words[1]) % 6 == 4 and float(words[3]) > time.time() - 2 for words in begun):
                return
            time.sleep(0.1)
        raise RuntimeError("no long evaluation began")

    def fail(self):
        self.long()
        self.slurm.do("stop-node")
        for _ in range(600):
            if self.slurm.logged("due to failure of node"):
                break
            time.sleep(0.1)
        self.setting.check(self.slurm.logged("due to failure of node") > 0, "no job lost its node")
        # While the node was away, the job has ended there; Slurm runs it again all the same.
        time.sleep(5)
        self.slurm.do("start-node")
        with open(os.path.join(self.slurm.folder, "slurmd.pid")) as file:
            number = file.read().strip()
        if self.is_late:
            run(["nsenter", "-t", number, "-m", "mount", "--bind", self.far, self.near])
        self.slurm.node("resume")
        time.sleep(2)
        self.slurm.hurry()
        return True


def row(setting):
    with Slurm(setting.folder("slurm")) as slurm:
        return disturbed(setting, slurm)


def disturbed(setting, slurm):
    folder = setting.folder("study")
    kills, evaluations = setting.size(10, 4), setting.size(50, 30)
    command = evaluator(folder, 3.0, 9.0)
    # One never ends: its job reaches the time limit. Some take long enough for a node that fails to be missed.
    with open(os.path.join(folder, "evaluate.py"), "r+") as file:
        text = file.read().replace('note("begin")', 'note("begin")\nif number == "5": time.sleep(3600)\n'
                                   'if int(number) % 6 == 4: time.sleep(30)')
        file.seek(0)
        file.write(text)
    queued.describe(folder, evaluations, f'''[workers]
backend = "slurm"
jobs = 8
grace = "20s"
command = {command!r}
[slurm]
partition = "main"
cpus-per-task = 2
timeout-min = 1
''')
    near, far = os.path.join(folder, "s.nasbot.jobs"), setting.folder("far") + "/jobs"
    disturber = Disturber(setting, slurm, near, far, setting.size(60, 20))
    disturber.is_late = hide(slurm, near, far)
    late = Late(near, far, lambda: setting.random.uniform(1, 6))
    if disturber.is_late:
        late.start()
    disturber.start()
    searched = queued.Searched(setting, folder, kills)
    disturber.join(180)
    late.ends = True
    if disturber.error:
        setting.fault(f"not everything was injected: {disturber.error}")
    for _ in range(100):
        if not (left := slurm.jobs()):
            break
        slurm.hurry()
        time.sleep(0.2)
    setting.check(not left, f"jobs left: {left}")
    found, failed = searched.account(evaluations)
    setting.check(list(failed) == [5] and failed[5]["failed"] == "timed-out", f"failed: {failed}")
    injected = f"{searched.kills} kills, " + ", ".join(disturber.done)
    injected += ", results 1–6 s late" if disturber.is_late else ""
    return f"{found}, {len(left)} jobs left", injected, not setting.faults


def submissions_row(setting):
    """How often sbatch and squeue are called."""
    with Slurm(setting.folder("slurm")):
        folder = setting.folder("study")
        calls = os.path.join(folder, "calls")
        for name in ("sbatch", "squeue"):
            real = shutil.which(name)
            path = os.path.join(folder, name)
            with open(path, "w") as file:
                file.write(f"#!/bin/sh\necho {name} $(date +%s.%N) >> {calls}\nexec {real} \"$@\"\n")
            os.chmod(path, 0o755)
        evaluations = setting.size(200, 60)
        command = evaluator(folder, 0.3, 1.5)
        queued.describe(folder, evaluations, f'''[workers]
backend = "slurm"
jobs = 20
command = {command!r}
[slurm]
gather-s = 3
cpus-per-task = 1
''')
        path = os.environ["PATH"]
        os.environ["PATH"] = folder + ":" + path
        try:
            ran = run([setting.nasbot, "search", "s.toml", "-q"], cwd=folder, timeout=900)
        finally:
            os.environ["PATH"] = path
        setting.check(ran.returncode == 0, f"status {ran.returncode}: {ran.stderr.decode()[-300:]}")
        with open(calls) as file:
            lines = [line.split() for line in file]
        submitted = sum(words[0] == "sbatch" for words in lines)
        asked = [float(words[1]) for words in lines if words[0] == "squeue"]
        closest = min((b - a for a, b in zip(asked, asked[1:])), default=9.9)
        done = sum(event["event"] == "finished" for event in setting.events(folder))
        most = 15 * evaluations // 200
        setting.check(done == evaluations, f"{done} of {evaluations}")
        setting.check(submitted <= most, f"{submitted} sbatch")
        setting.check(closest >= 0.99, f"squeue {closest:.2f} s apart")
        found = f"{submitted} sbatch, {len(asked)} squeue at least {closest:.2f} s apart"
        return found, f"{evaluations} evaluations, 20 jobs at once", not setting.faults
