#!/usr/bin/env python3
"""Measures and prints the table of bench-tables.sh, whose --help says the rest."""

import argparse, concurrent.futures, csv, hashlib, json, math, os, re, statistics, subprocess, sys, tempfile, time, tomllib

import numpy as np

RIVALS = ("linear", "mlp", "mlp_searched", "forest", "boosting")
SHARES = {"train": 0.64, "validation": 0.16, "test": 0.2}


class Table:
    """A file of examples, the label last."""

    def __init__(self, path):
        found = re.fullmatch(r"(.+)\.(class|reg)\.csv", os.path.basename(path))
        self.name, self.task = found.groups()
        self.is_class = self.task == "class"
        with open(path, "rb") as file:
            self.digest = hashlib.sha256(file.read()).hexdigest()
        with open(path, newline="", encoding="utf-8-sig") as file:
            self.header, *rows = [row for row in csv.reader(file) if row]
        ragged = [i for i, row in enumerate(rows, 2) if len(row) != len(self.header)]
        if ragged or len(rows) < 10:
            sys.exit(f"{path}: " + (f"row {ragged[0]} has not the header's number of columns" if ragged else "too few rows"))
        self.rows = rows
        self.cells = np.array([row[:-1] for row in rows])
        labels = np.array([row[-1] for row in rows])
        try:
            self.targets = labels if self.is_class else labels.astype(float)
        except ValueError as error:
            sys.exit(f"{path}: {error}: a table named .reg.csv has numbers in its last column")

    def splits(self, given):
        return given or (5 if len(self.rows) < 2000 else 2)

    def parts(self, split):
        """The rows of training, validation and test. Numbers of rows as nasbot counts them."""
        order = np.random.default_rng(1000 + split).permutation(len(self.rows))
        shares = list(SHARES.values())
        ends = [math.floor(sum(shares[:i]) * len(order) + 0.5) for i in (1, 2)]
        return np.split(order, ends)


# ---- The others ------------------------------------------------------------------------------------------------------

def rival(cache, table, split, name):
    """The test score of a rival on a split, computed once."""
    import tables_rivals

    folder = os.path.join(cache, "scores")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{table.name}-{table.digest[:16]}-{split}-{name}-{tables_rivals.VERSION}.json")
    if os.path.exists(path):
        with open(path) as file:
            return json.load(file)["score"]
    start = time.monotonic()
    score = tables_rivals.test_score(name, table.cells, table.targets, table.is_class, table.parts(split), split)
    with open(path + ".part", "w") as file:
        json.dump({"score": score, "seconds": time.monotonic() - start}, file)
    os.replace(path + ".part", path)
    return score


# ---- Ours ------------------------------------------------------------------------------------------------------------

def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def description(table, options):
    """The default description, with what --extra changes; everything but the path of the data."""
    made = {
        "space": {"kind": f"mlp-{table.task}"},
        "data": {"task": table.task, "split": {**SHARES, "shuffle": False}},
        "budget": {"evaluations": options.evaluations},
    }
    for section, keys in options.extra.items():
        made.setdefault(section, {}).update(keys)
    return made


def search(table, split, options):
    """The final training's test score, the failed evaluations and the seconds of a search; the first is None if it failed."""
    made = description(table, options)
    with open(options.nasbot, "rb") as file:
        program = hashlib.file_digest(file, "sha256").hexdigest()
    key = json.dumps([made, table.digest, split, options.seed, program], sort_keys=True)
    folder = os.path.join(options.state, f"{table.name}-{split}-{hashlib.sha256(key.encode()).hexdigest()[:12]}")
    report = os.path.join(folder, "report.json")
    if not os.path.exists(report):
        os.makedirs(folder, exist_ok=True)
        rows = os.path.join(folder, "rows.csv")
        with open(rows, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(table.header)
            writer.writerows(table.rows[i] for part in table.parts(split) for i in part)
        made["data"] = {"path": rows, **made["data"]}
        config = os.path.join(folder, "search.toml")
        with open(config, "w", encoding="utf-8") as file:
            for section, keys in made.items():
                file.write(f"[{section}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items()) + "\n")
        study = os.path.join(folder, "search.nasbot.db")
        command = [options.nasbot, "resume", study] if os.path.exists(study) else \
            [options.nasbot, "search", config, "--study", study] + (["--seed", str(options.seed)] if options.seed else [])
        start = time.monotonic()
        output = ["--quiet", "--format", "json"]
        done = subprocess.run(command + output, stdout=subprocess.PIPE, text=True)
        seconds = time.monotonic() - start
        if done.returncode != 0:
            print(f"{table.name}, split {split}: nasbot ended with status {done.returncode}", file=sys.stderr)
            # Without a success there is no score, but the failures count all the same.
            done = subprocess.run([options.nasbot, "show", study, "--format", "json"], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{table.name}, split {split}: there is no study to show; the description is {config}")
        with open(report + ".part", "w") as file:
            json.dump({"seconds": seconds, "report": json.loads(done.stdout)}, file)
        os.replace(report + ".part", report)
    with open(report) as file:
        kept = json.load(file)
    result = kept["report"]
    test = result.get("test")
    score = test["metrics"]["accuracy" if table.is_class else "r2"] if test else None
    return score, result["failed"], kept["seconds"]


# ---- The table -------------------------------------------------------------------------------------------------------

def mean_and_error(values):
    """The mean and its standard error, which one value alone does not have."""
    return statistics.fmean(values), statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None


def plus_minus(pair):
    return f"{pair[0]:+.3f}" + (f" ± {pair[1]:.3f}" if pair[1] is not None else "")


class Result:
    """The scores of one table, a list over its splits each."""

    def __init__(self, table, rivals, ours):
        self.table, self.rivals = table, rivals
        scores = [score for score, _, _ in ours]
        self.ours = None if not scores or None in scores else scores
        self.failed = sum(failed for _, failed, _ in ours) if ours else None
        self.seconds = sum(seconds for _, _, seconds in ours) if ours else None

    def json(self):
        line = {"name": self.table.name, "ours": statistics.fmean(self.ours) if self.ours else None}
        line |= {name: statistics.fmean(scores) for name, scores in self.rivals.items()}
        return json.dumps(line | {"seconds": self.seconds, "failed": self.failed})

    def less(self, name):
        """How much ours is better than a rival, in the mean, and the standard error of that."""
        return mean_and_error([a - b for a, b in zip(self.ours, self.rivals[name])])

    def reaches_goal(self):
        """Not worse than the better of two rivals by more than 0.01 or one standard error of the difference."""
        best = max(("linear", "mlp_searched"), key=lambda name: statistics.fmean(self.rivals[name]))
        difference, error = self.less(best)
        return difference >= -max(0.01, error or 0.0), difference > 0

    def row(self):
        splits = len(next(iter(self.rivals.values())))
        cells = [self.table.name, self.table.task, f"{len(self.table.rows):,}", f"{len(self.table.header) - 1}", f"{splits}"]
        cells.append(f"{statistics.fmean(self.ours):.3f}" if self.ours else "–")
        for name, scores in self.rivals.items():
            cells.append(f"{statistics.fmean(scores):.3f}" + (f" ({plus_minus(self.less(name))})" if self.ours else ""))
        cells += ["–", "–"] if self.failed is None else [f"{self.failed}", f"{self.seconds:.0f}"]
        return "| " + " | ".join(cells) + " |"


def print_table(results):
    for result in results:
        print(result.row())
    means = {name: statistics.fmean(statistics.fmean(r.rivals[name]) for r in results) for name in RIVALS}
    complete = [r for r in results if r.ours]
    if len(complete) == len(results):
        means = {"ours": statistics.fmean(statistics.fmean(r.ours) for r in results)} | means
    print("\nMeans over the tables: " + ", ".join(f"{name} {mean:.3f}" for name, mean in means.items()) + ".")
    if complete:
        goals = [r.reaches_goal() for r in complete]
        print(f"Against the better of linear and the searched perceptron: better on {sum(g[1] for g in goals)} of "
              f"{len(goals)}; worse by more than 0.01 and one standard error on "
              f"{', '.join(r.table.name for r, g in zip(complete, goals) if not g[0]) or 'none'}.")


def whole(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not '{text}'")
    return int(text)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    for option in ("--cache", "--nasbot", "--make", "--datasets", "--only", "--extra", "--state", "--json"):
        parser.add_argument(option)
    for option, default in (("--splits", None), ("--evaluations", 25), ("--seed", None), ("--jobs", 1)):
        parser.add_argument(option, type=whole, default=default)
    parser.add_argument("--rivals-only", action="store_true")
    options = parser.parse_args()
    if options.json not in (None, "-"):
        parser.error("--json prints to standard output: --json -")
    if not options.make and not options.folder:
        parser.error("give a folder of tables, or --make FOLDER; see --help")
    if options.extra:
        with open(options.extra, "rb") as file:
            options.extra = tomllib.load(file)
    options.extra = options.extra or {}
    return options


def tables(options):
    files = sorted(f for f in os.listdir(options.folder) if re.search(r".\.(class|reg)\.csv$", f))
    wanted = options.only and options.only.split(",")
    missing = set(wanted or ()) - {f.rsplit(".", 2)[0] for f in files}
    if missing or not files:
        sys.exit(f"{options.folder} holds no table " + ", ".join(sorted(missing) or ["NAME.class.csv or NAME.reg.csv"]))
    for file in files:
        if not wanted or file.rsplit(".", 2)[0] in wanted:
            yield Table(os.path.join(options.folder, file))


def measure(options):
    results = []
    if not options.json:
        print("| table | task | rows | columns | splits | ours | " + " | ".join(RIVALS) + " | failed | seconds |")
        print("|---" * (8 + len(RIVALS)) + "|")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for table in tables(options):
            splits = range(table.splits(options.splits))
            searches = [] if options.rivals_only else [pool.submit(search, table, split, options) for split in splits]
            rivals = {name: [rival(options.cache, table, split, name) for split in splits] for name in RIVALS}
            result = Result(table, rivals, [search.result() for search in searches])
            results.append(result)
            if options.json:
                print(result.json(), flush=True)
            print(f"{table.name} is done", file=sys.stderr)
    if not options.json:
        print_table(results)
    return options.rivals_only or all(result.ours for result in results)


def main():
    options = arguments()
    if options.make:
        import tables_sets

        return tables_sets.make(options.make, options.datasets)
    if options.state:
        options.state = os.path.abspath(options.state)
        os.makedirs(options.state, exist_ok=True)
        return 0 if measure(options) else 1
    with tempfile.TemporaryDirectory() as options.state:
        # Tables that are read are not kept for the next time.
        os.environ["XDG_CACHE_HOME"] = options.state
        return 0 if measure(options) else 1


if __name__ == "__main__":
    sys.exit(main())
