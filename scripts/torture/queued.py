"""A search over a queue whose searcher is killed again and again, and what must be true of it in the end."""

import os
import subprocess
import time

import common
import kill


def describe(folder, evaluations, workers):
    """Writes s.toml with these sections for the workers and their queue."""
    common.describe(folder, evaluations)
    path = os.path.join(folder, "s.toml")
    with open(path) as file:
        text = file.read().split("[workers]")[0]
    with open(path, "w") as file:
        file.write(text + workers)


class Searched:
    """Searches until the end of the study, and kills the searcher on the way so often as is asked."""

    def __init__(self, setting, folder, kills, longest=1200):
        self.setting, self.folder = setting, folder
        self.kills, self.said, self.final = 0, b"", {}
        mark, path = f"{os.getpid()}-queued", os.path.join(folder, "s.nasbot.db")
        begin = time.monotonic()
        while True:
            args = ["resume", "s.nasbot.db"] if os.path.exists(path) else ["search", "s.toml"]
            process = common.start(setting, args, folder, mark)
            is_killed = False
            try:
                patience = setting.random.uniform(1, 12) if self.kills < kills else 600
                _, more = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                process.kill()
                _, more = process.communicate()
                is_killed = True
            self.said += more
            self.kills += is_killed
            for event in setting.events(folder):
                if event["event"] == "finished":
                    self.final.setdefault(event["id"], event["outcome"])
            if not is_killed:
                setting.check(process.returncode == 0, f"status {process.returncode}: {more.decode()[-400:]}")
                break
            if time.monotonic() - begin > longest:
                setting.fault("it does not come to an end")
                break

    def account(self, evaluations):
        """Checks that each evaluation is final once and was not begun again after that; what was found, and what failed."""
        events = self.setting.events(self.folder)
        finished = [event["id"] for event in events if event["event"] == "finished"]
        outcomes = {event["id"]: event["outcome"] for event in events if event["event"] == "finished"}
        lost = sum(outcomes.get(number) != outcome for number, outcome in self.final.items())
        again = kill.begun_after_final(self.folder, events)
        self.setting.check(len(set(finished)) == len(finished) == evaluations, f"{len(finished)} of {evaluations} final")
        self.setting.check(lost == 0 and again == 0, f"{lost} lost, {again} again")
        if self.setting.faults:
            self.setting.fault(self.said.decode(errors="replace")[-400:])
        with open(os.path.join(self.folder, "own.log")) as file:
            begun = sum(line.startswith("begin") for line in file)
        found = f"{lost} lost, {again} again, {len(finished)} of {evaluations} accounted for ({begun} begun, "
        found += f"{self.said.count(b'runs again')} submitted again)"
        return found, {number: outcome for number, outcome in outcomes.items() if "failed" in outcome}
