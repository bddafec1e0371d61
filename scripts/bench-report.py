#!/usr/bin/env python3
"""Measures the page of a study: see bench-report.sh."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

NASBOT = os.path.abspath(sys.argv[1])
EPOCHS = 30
# A worker that trains nothing: a curve of so many epochs, a few lines of log, a score from the number.
WORKER = f"""#!/bin/sh
read -r job
n=$(printf '%s' "$job" | sed 's/.*"evaluation":\\([0-9]*\\).*/\\1/')
echo '{{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}}'
e=1
while [ $e -le {EPOCHS} ]; do
    echo "epoch $e of {EPOCHS}: a line of a log as trainings write them" >&2
    echo '{{"event":"progress","epoch":'$e',"epochs":{EPOCHS},"loss":0.'$((900 - 20 * e))',"score":0.'$((100 + 20 * e))'}}'
    e=$((e + 1))
done
printf '{{"event":"done","score":0.%03d,"metrics":{{"accuracy":0.5}},"seconds":0.1,"parameters":1234}}\\n' $((n * 7919 % 1000))
"""
DESCRIPTION = f"""
[space]
kind = "cnn"
max-layers = 30
max-units = 256
[data]
path = "data.csv"
task = "class"
image = [1, 8, 8]
[training]
epochs = {EPOCHS}
[search]
strategy = "evolution"
[workers]
devices = ["cpu"]
per-device = 4
[budget]
evaluations = 1000
"""


def run(*arguments):
    return subprocess.run([NASBOT, *arguments], check=True, capture_output=True, text=True).stdout


def study(name):
    """A study of 1,000 evaluations with curves."""
    with open("data.csv", "w") as file:
        for row in range(40):
            file.write(",".join(str((pixel + row) % 5) for pixel in range(64)) + f",{row % 2}\n")
    with open("worker", "w") as file:
        file.write(WORKER)
    os.chmod("worker", 0o755)
    with open("s.toml", "w") as file:
        file.write(DESCRIPTION)
    os.environ["NASBOT_WORKER"] = os.path.abspath("worker")
    # The last training of the best network saves no weights, and may fail.
    subprocess.run([NASBOT, "search", "s.toml", "--study", name, "-q"], capture_output=True)


def multiplied(name, to, times):
    """The same study with its evaluations so many times over."""
    shutil.copy(name, to)
    database = sqlite3.connect(to)
    rows = database.execute("SELECT number, at, event, elapsed FROM event ORDER BY number").fetchall()
    kept = ("queued", "started", "progress", "finished")
    events = [(at, json.loads(event), elapsed) for _, at, event, elapsed in rows]
    events = [row for row in events if row[1]["event"] in kept]
    # Of the epochs the last alone: a study of such a size has trainings of few epochs.
    events = [row for row in events if row[1]["event"] != "progress" or row[1]["epoch"] % 15 == 0]
    count = sum(row[1]["event"] == "queued" for row in events)
    number, at, elapsed = rows[-1][0], rows[-1][1], rows[-1][3] or 0
    for k in range(1, times):
        for was, event, since in events:
            event = json.loads(json.dumps(event))
            for place in (event, event.get("suggestion", {})):
                if "id" in place:
                    place["id"] += k * count
            if "told" in event:
                event["told"] = [id + k * count for id in event["told"]]
            origin = event.get("suggestion", {}).get("origin", {})
            if "parent" in origin:
                origin["parent"] += k * count
            number += 1
            row = (number, at + k, json.dumps(event, separators=(",", ":")), elapsed + k)
            database.execute("INSERT INTO event (number, at, event, elapsed) VALUES (?, ?, ?, ?)", row)
    database.commit()
    database.close()
    return count * times


class Browser:
    """A headless Chromium, driven over WebDriver."""

    def __init__(self):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for line in self.driver.stdout:
            found = re.search(r"on port (\d+)", line)
            if found and "successfully" in line:
                break
        self.address = f"http://127.0.0.1:{found[1]}/session"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        options = {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}
        self.address += "/" + self.post("", {"capabilities": options})["sessionId"]

    def post(self, path, body):
        request = urllib.request.Request(
            self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        return json.load(urllib.request.urlopen(request))["value"]

    def paint(self, address):
        """Opens an address; seconds to the first paint, and until its script has drawn all."""
        self.post("/url", {"url": address})
        script = """const done = arguments[arguments.length - 1];
            const look = () => { const paint = performance.getEntriesByName('first-contentful-paint')[0];
                paint ? done([paint.startTime, performance.getEntriesByType('navigation')[0].loadEventEnd]) : setTimeout(look, 20); };
            look();"""
        return [x / 1000 for x in self.post("/execute/async", {"script": script, "args": []})]

    def end(self):
        try:
            urllib.request.urlopen(urllib.request.Request(self.address, method="DELETE"))
        finally:
            self.driver.terminate()
            self.driver.wait()


def cpu(pid):
    """Seconds of processor time of a process."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def say(what, value, goal):
    print(f"{what:<64} {value:>10}   goal {goal}", flush=True)


def served(browser, name, evaluations):
    since = time.monotonic()
    server = subprocess.Popen([NASBOT, "serve", name, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = server.stdout.readline().strip()
        with urllib.request.urlopen(address) as page:
            size = len(page.read())
        say(f"serve, {evaluations} evaluations: start to first page", f"{time.monotonic() - since:.2f} s", "2 s")
        say("  its size", f"{size / 1e6:.2f} MB", "-")
        paint, whole = browser.paint(address)
        say("  first paint, all drawn", f"{paint:.2f}, {whole:.2f} s", "1 s")
        # With the map made and the page open, nothing happens.
        time.sleep(8)
        before, since = cpu(server.pid), time.monotonic()
        time.sleep(20)
        share = (cpu(server.pid) - before) / (time.monotonic() - since)
        say("  processor of the server, page open, nothing new", f"{100 * share:.2f} %", "1 %")
    finally:
        server.terminate()
        server.wait()


def searcher(browser):
    """Processor time of a search that waits for evaluations, alone and while its page is open."""
    with open("objective", "w") as file:
        file.write("#!/bin/sh\nread -r network\nsleep 2\necho '{\"score\": 0.5}'\n")
    os.chmod("objective", 0o755)
    with open("w.toml", "w") as file:
        file.write(
            '[space]\nkind = "mlp-reg"\nmax-layers = 12\n[search]\nstrategy = "random"\n[workers]\nbackend = "command"\n'
            'command = ["./objective"]\ndevices = ["cpu"]\n[budget]\nevaluations = 1000\n'
        )
    search = subprocess.Popen([NASBOT, "search", "w.toml", "-q"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = None
    try:
        time.sleep(4)
        shares = []
        for is_served in (False, True):
            if is_served:
                server = subprocess.Popen(
                    [NASBOT, "serve", "w.nasbot.db", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
                )
                browser.paint(server.stdout.readline().strip())
            before, since = cpu(search.pid), time.monotonic()
            time.sleep(20)
            shares.append((cpu(search.pid) - before) / (time.monotonic() - since))
        say("search that waits, alone: processor", f"{100 * shares[0]:.2f} %", "-")
        say("  more while its page is open", f"{100 * (shares[1] - shares[0]):.2f} %", "1 %")
    finally:
        for process in filter(None, (search, server)):
            process.send_signal(signal.SIGKILL)
            process.wait()


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        study("k.nasbot.db")
        since = time.monotonic()
        run("report", "k.nasbot.db")
        say("report, 1,000 evaluations with curves: writing", f"{time.monotonic() - since:.2f} s", "3 s")
        say("  its size", f"{os.path.getsize('k.html') / 1e6:.2f} MB", "5 MB")
        browser = Browser()
        try:
            paint, whole = browser.paint(f"file://{folder}/k.html")
            say("  first paint, all drawn", f"{paint:.2f}, {whole:.2f} s", "1 s")
            count = multiplied("k.nasbot.db", "h.nasbot.db", 100)
            served(browser, "h.nasbot.db", f"{count:,}")
            searcher(browser)
        finally:
            browser.end()


main()
