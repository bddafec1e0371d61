"""Writes tables to measure with: scikit-learn's own, and parts of those that a folder of data sets holds."""

import csv, gzip, math, os

import numpy as np
from sklearn import datasets

# Rows of a large set that are kept, chosen at random.
MOST = 5000
SEED = 20261126

# The folder's file, the target's column (from 0), columns that are left out after it.
LARGE = {
    "protein": ("protein/protein.csv.gz", 9),
    "naval": ("naval/naval.csv.gz", 16),
    # The signal strengths and the longitude.
    "indoor": ("indoor/indoor.csv.gz", 520),
    "blog": ("blog/blog.csv.gz", 280),
    # The shares' logarithm: they have a heavy tail.
    "news_subset": ("news_subset/news.csv.gz", 59),
}
OWN = {
    "diabetes": (datasets.load_diabetes, "reg"),
    "breast_cancer": (datasets.load_breast_cancer, "class"),
    "wine": (datasets.load_wine, "class"),
    "digits": (datasets.load_digits, "class"),
}


def write(folder, name, kind, header, rows):
    path = os.path.join(folder, f"{name}.{kind}.csv")
    with open(path + ".part", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    os.replace(path + ".part", path)
    print(f"{path}: {len(rows)} rows, {len(header)} columns")


def large(folder, name, path, target):
    with gzip.open(path, "rt", newline="") as file:
        rows = [row[:target + 1] for row in csv.reader(file)]
    header = [f"x{i}" for i in range(target)] + ["target"]
    if not rows[0][0].replace(".", "").lstrip("-").isdigit():
        header = [name.strip() for name in rows.pop(0)]
    chosen = np.random.default_rng(SEED).permutation(len(rows))[:MOST]
    rows = [rows[i] for i in sorted(chosen)]
    if name == "news_subset":
        header[-1] = "log_shares"
        for row in rows:
            row[-1] = repr(math.log(float(row[-1])))
    write(folder, name, "reg", header, rows)


def make(folder, sources):
    os.makedirs(folder, exist_ok=True)
    for name, (load, kind) in OWN.items():
        data = load(**({"scaled": False} if name == "diabetes" else {}))
        header = [str(name).replace(",", " ") for name in data.feature_names] + ["target"]
        targets = data.target.tolist()
        rows = [[repr(float(x)) for x in row] + [repr(t)] for row, t in zip(data.data, targets)]
        write(folder, name, kind, header, rows)
    for name, (path, target) in LARGE.items() if sources else ():
        path = os.path.join(sources, path)
        if os.path.exists(path):
            large(folder, name, path, target)
        else:
            print(f"{path} is missing: no {name}")
