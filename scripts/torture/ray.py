"""A study over a real Ray whose head is killed and whose jobs are stopped by hand."""

import json
import os
import subprocess
import threading
import time
import urllib.request

import queued
from common import Skipped, evaluator, run

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ray.sh")
VARIABLES = ("RAY_API_SERVER_ADDRESS", "RAY_AUTH_TOKEN")


class Ray:
    """A Ray of its own, in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        started = run([SCRIPT, "start", self.folder], timeout=600)
        if started.returncode:
            self.__exit__()
            raise Skipped("no Ray: " + started.stderr.decode().strip().splitlines()[-1])
        for word in started.stdout.decode().split()[1:]:
            name, value = word.split("=", 1)
            os.environ[name] = value
        return self

    def __exit__(self, *_):
        run([SCRIPT, "stop", self.folder], timeout=60)
        for name in VARIABLES:
            os.environ.pop(name, None)

    def do(self, what):
        done = run([SCRIPT, what, self.folder], timeout=200)
        if done.returncode:
            raise RuntimeError(f"ray.sh {what}: {done.stderr.decode()[-300:]}")

    def ask(self, method, path):
        address, token = (os.environ[name] for name in VARIABLES)
        request = urllib.request.Request(f"{address}/api/jobs/{path}", method=method,
                                         headers={"Authorization": "Bearer " + token})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def jobs(self, *states):
        """The names of nasbot's jobs that are in one of these states."""
        return [job["submission_id"] for job in self.ask("GET", "")
                if (job["submission_id"] or "").startswith("nasbot-") and job["status"] in states]

    def processes(self):
        """The jobs' own processes."""
        listed = run(["ps", "-eo", "pid,args"]).stdout.decode().splitlines()
        return [line for line in listed if " __job " in line and self.folder.rsplit("/", 1)[0] in line]


class Disturber(threading.Thread):
    """Stops jobs and kills the head, one thing after the other."""

    def __init__(self, setting, ray, what):
        super().__init__(daemon=True)
        self.setting, self.ray, self.what = setting, ray, what
        self.done, self.error = [], None

    def run(self):
        try:
            for what in self.what:
                time.sleep(self.setting.random.uniform(3, 6))
                getattr(self, what)()
                self.done.append(what)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            self.error = error

    def running(self):
        """A job whose program is in the midst of its work, as far as that can be told."""
        seen = set()
        for _ in range(300):
            jobs = set(self.ray.jobs("RUNNING"))
            if known := sorted(jobs & seen):
                return self.setting.random.choice(known)
            seen = jobs
            # A job counts as running some time before its program does.
            time.sleep(self.setting.random.uniform(1, 3) if jobs else 0.2)
        raise RuntimeError("no job runs")

    def stop(self):
        self.ray.ask("POST", self.running() + "/stop")

    def restart(self):
        self.running()
        self.ray.do("kill-head")
        time.sleep(self.setting.random.uniform(1, 5))
        self.ray.do("start-head")

    def outage(self):
        self.running()
        self.ray.do("kill-head")
        time.sleep(self.setting.size(40, 10))
        self.ray.do("start-head")


def row(setting):
    with Ray(setting.folder("ray")) as ray:
        folder = setting.folder("study")
        kills, evaluations = setting.size(10, 3), setting.size(30, 10)
        command = evaluator(folder, 4.0, 14.0)
        queued.describe(folder, evaluations, f'''[workers]
backend = "ray"
jobs = 4
grace = "15s"
command = {command!r}
[ray]
entrypoint-num-cpus = 1
entrypoint-num-gpus = 0.5
''')
        what = ["stop", "restart", "stop", "outage", "stop", "restart", "stop"]
        disturber = Disturber(setting, ray, setting.size(what, ["stop", "restart"]))
        disturber.start()
        searched = queued.Searched(setting, folder, kills)
        disturber.join(240)
        if disturber.error or disturber.is_alive():
            setting.fault(f"not everything was injected: {disturber.error}")
        for _ in range(100):
            left = ray.jobs("PENDING", "RUNNING") + ray.processes()
            if not left:
                break
            time.sleep(0.2)
        setting.check(not left, f"jobs left: {left}")
        found, failed = searched.account(evaluations)
        setting.check(not failed, f"failed: {failed}")
        setting.check(not os.path.exists(os.path.join(folder, "s.nasbot.jobs")), "files of jobs are left")
        injected = f"{searched.kills} kills, " + ", ".join(disturber.done)
        found += f", {len(left)} jobs left"
    setting.check(not processes_of(ray), "processes of Ray are left")
    return found, injected, not setting.faults


def processes_of(ray):
    """What is left of a Ray that was stopped."""
    listed = run(["ps", "-eo", "pid,args"]).stdout.decode().splitlines()
    return [line for line in listed if ray.folder in line]
