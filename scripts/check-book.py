#!/usr/bin/env python3
"""Runs the commands of the pages in docs/, page by page, as a reader would type them.

    scripts/check-book.py --bin FOLDER [--only PAGES] [--list]
    scripts/check-book.py --links

A page's blocks are taken in order: ```LANGUAGE,file=NAME writes a file, each line of ```console that begins with "$ " is run in a
folder that the page has for itself, and must end with status 0. One of ```console,serve prints an address, which is opened, and is then
ended by Ctrl-C. Blocks of ```console,ignore need what is not here; their commands are listed as left out. Before that, or alone with --links, the links of all pages are checked: files, headings, and files of the
repository that CONTRIBUTING.md and ARCHITECTURE.md name. In the folder are also small made-up data, and where a page speaks of them my.toml and the
studies my, a and b. The home folder is the page's own too. Budgets are shortened by the environment, which descriptions take keys from.
"""

import argparse, csv, glob, os, random, re, signal, struct, subprocess, sys, tempfile, time, urllib.request, zlib

REPO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```", re.M | re.S)
# Long enough to reach all that a page shows.
SHORT = {"NASBOT__BUDGET__EVALUATIONS": "4"}
SECONDS = 600


# Texts of the repository beside the book.
BESIDE = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "datasets/README.md"]
# Run like a page of the book; a program has no documentation tests.
PROGRAM = "../crates/nasbot-cli/README.md"
# These name files by their paths without links.
NAMING = ["CONTRIBUTING.md", "ARCHITECTURE.md"]
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)", re.M)
NAMED = re.compile(r"`((?:crates|scripts|demos|docs|datasets|fuzz)/[^`\s]*)`")


def slug(heading):
    """The anchor that a heading has, here and in mdBook."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(text):
    found, counts = set(), {}
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", FENCE.sub("", text), re.M):
        name = slug(heading)
        counts[name] = counts.get(name, -1) + 1
        found.add(name if counts[name] == 0 else f"{name}-{counts[name]}")
    return found


def pages():
    """All pages of the book, by their paths from the repository's root."""
    for folder, _, names in os.walk(os.path.join(REPO, "docs")):
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), REPO)


def read(path):
    with open(os.path.join(REPO, path), encoding="utf-8") as file:
        return file.read()


def wrong_links():
    """A line for each link that leads nowhere."""
    book = set(pages())
    crates = [os.path.join("crates", name, "README.md") for name in sorted(os.listdir(os.path.join(REPO, "crates")))]
    texts = sorted(book) + BESIDE + [path for path in crates if os.path.exists(os.path.join(REPO, path))]
    for path in texts:
        text = read(path)
        for target in (a or b for a, b in LINK.findall(FENCE.sub("", text))):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            whole = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            if not os.path.exists(os.path.join(REPO, whole)):
                yield f"{path}: {target}: there is no such file"
            elif anchor and anchor not in anchors(read(whole)):
                yield f"{path}: {target}: {whole} has no such heading"
            elif path in book and whole.endswith(".md") and whole not in book:
                yield f"{path}: {target}: mdBook makes no page of a text outside docs"
        for named in NAMED.findall(FENCE.sub("", text)) if path in NAMING else []:
            if not glob.glob(os.path.join(REPO, named)):
                yield f"{path}: {named}: there is no such file"


def patients(path, rows, labelled=True):
    """A table with words, gaps, booleans and dates, of which the label can be learnt."""
    rng = random.Random(rows)
    with open(path, "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["age", "ward", "pressure", "smoker", "admitted"] + ["outcome"] * labelled)
        for _ in range(rows):
            age, smoker = rng.randint(18, 90), rng.choice(["yes", "no"])
            pressure = round(rng.gauss(80 + age / 3, 9), 1)
            risk = (age - 50) / 20 + (pressure - 100) / 15 + (1 if smoker == "yes" else -1) + rng.gauss(0, 0.5)
            date = f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
            ward = rng.choice(["north", "east, wing B", "south"])
            cells = [age, ward, "" if rng.random() < 0.04 else pressure, smoker, date]
            table.writerow(cells + ["readmitted" if risk > 0 else "home"] * labelled)


def png(path, pixels):
    """A grey picture, rows of numbers from 0 to 255."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    raw = b"".join(b"\0" + bytes(row) for row in pixels)
    head = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def pictures(folder, each):
    """Bars, upright and lying, on noise."""
    rng = random.Random(each)
    for kind in ("lying", "upright"):
        os.makedirs(os.path.join(folder, kind))
        for number in range(each):
            place = rng.randrange(2, 14)
            pixels = [[min(255, rng.randrange(120) + 135 * ((y if kind == "lying" else x) == place)) for x in range(16)] for y in range(16)]
            png(os.path.join(folder, kind, f"{number:03}.png"), pixels)


MY = """[space]
kind = "mlp-class"
max-layers = 6
max-units = 16
[data]
path = "patients.csv"
task = "class"
label = "outcome"
[training]
epochs = 2
[budget]
evaluations = 18
"""


def studies(folder, commands, environment):
    """my.toml, and of my, a and b, which differ by their seeds, the studies that are in the commands."""
    with open(os.path.join(folder, "my.toml"), "w") as file:
        file.write(MY)
    for name, evaluations in (("my", 18), ("a", 4), ("b", 4)):
        if not re.search(rf"\b{name}\.nasbot\.db", commands):
            continue
        changed = {**environment, "NASBOT__BUDGET__EVALUATIONS": str(evaluations), "NASBOT__STUDY__SEED": str(ord(name[0]))}
        subprocess.run(["nasbot", "search", "my.toml", "-q", "--study", f"{name}.nasbot.db"], cwd=folder, env=changed, check=True,
                       stdout=subprocess.DEVNULL)


def prepare(folder):
    patients(os.path.join(folder, "patients.csv"), 240)
    patients(os.path.join(folder, "new-patients.csv"), 7, labelled=False)
    pictures(os.path.join(folder, "pictures"), 40)


def commands(block):
    """The commands of a block: what follows "$ ", with lines that a backslash continues."""
    joined = block.replace("\\\n", "")
    return [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]


def run(command, folder, environment):
    """Runs a command; whether it ended well, and what it printed."""
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    return done.returncode == 0, done.stdout


def serve(command, folder, environment):
    """Starts a server, opens the address that it prints and ends it; whether a page came, and what was printed."""
    server = subprocess.Popen(["bash", "-c", f"exec {command}" if command.startswith("nasbot") else command], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        first = server.stdout.readline()
        cookies = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = cookies.open(first.split()[0], timeout=60).read().decode()
        return "<html" in page, first
    except (OSError, ValueError, IndexError) as error:
        return False, f"{first}{error}"
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(timeout=60)


def run_page(page, text, environment, say):
    """Runs a page, and says each command; the number of commands that failed."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="nasbot-book-") as folder:
        prepare(folder)
        environment = {**environment, "HOME": folder}
        lines = "\n".join(re.findall(r"^\$ .*", text, re.M))
        if "my." in lines:
            studies(folder, lines, environment)
        for head, block in FENCE.findall(text):
            language, *marks = head.strip().split(",")
            for mark in marks:
                if mark.startswith("file="):
                    with open(os.path.join(folder, mark.removeprefix("file=")), "w") as file:
                        file.write(block)
            if language != "console" or "ignore" in marks:
                continue
            for command in commands(block):
                start = time.monotonic()
                good, printed = (serve if "serve" in marks else run)(command, folder, environment)
                say(f"{'ok  ' if good else 'FAIL'} {time.monotonic() - start:6.1f} s  {page}: {command}")
                if not good:
                    failed += 1
                    say(printed)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", help="the folder of the programs nasbot and nasbot-worker")
    parser.add_argument("--only", help="some pages, with commas between")
    parser.add_argument("--list", action="store_true", help="run nothing: list the commands, and those that are left out")
    parser.add_argument("--links", action="store_true", help="run nothing: check the links")
    args = parser.parse_args()
    docs = os.path.join(REPO, "docs")
    listed = re.findall(r"\]\(([^)]+\.md)\)", read("docs/SUMMARY.md"))
    missing = [page for page in listed if not os.path.exists(os.path.join(docs, page))]
    unlisted = sorted({os.path.relpath(page, "docs") for page in pages()} - {"SUMMARY.md"} - set(listed))
    if missing or unlisted:
        sys.exit(f"SUMMARY.md names pages that are missing: {missing}; pages that it does not name: {unlisted}")
    wrong = list(wrong_links())
    if wrong:
        sys.exit("\n".join([*wrong, f"{len(wrong)} links of the documentation lead nowhere"]))
    if args.links:
        return
    # Measurements take hours, and the examples of queues need queues.
    run = [page for page in [*listed, PROGRAM] if not page.startswith(("measurements/", "queues/"))]
    chosen = [page for page in run if not args.only or page.removesuffix(".md") in args.only.split(",")]
    if args.list:
        for page in chosen:
            with open(os.path.join(docs, page)) as file:
                for head, block in FENCE.findall(file.read()):
                    if head.startswith("console"):
                        for command in commands(block):
                            print(("left out  " if "ignore" in head else "run       ") + f"{page}: {command}")
        return
    if not args.bin:
        parser.error("--bin names the folder of the programs")
    programs = os.path.abspath(args.bin)
    environment = {**os.environ, **SHORT, "PATH": programs + os.pathsep + os.environ["PATH"], "NASBOT_WORKER": os.path.join(programs, "nasbot-worker")}
    failed = 0
    for page in chosen:
        with open(os.path.join(docs, page)) as file:
            failed += run_page(page, file.read(), environment, lambda line: print(line, flush=True))
    if failed:
        sys.exit(f"{failed} commands of the documentation failed")


if __name__ == "__main__":
    main()
