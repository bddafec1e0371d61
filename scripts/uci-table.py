#!/usr/bin/env python3
"""One CSV file, features first, then the target, from one of UCI's archives.

Arguments: the name of the data set, the archive, the file to write (gzip).
"""

import csv, gzip, hashlib, io, os, sys, zipfile

name, archive, target = sys.argv[1:]
# Rows and columns of the result.
SIZES = {
    "protein": (45730, 10), "naval": (11934, 17), "indoor": (21048, 529),
    "blog": (60021, 281), "news": (39644, 60), "slice": (53500, 386),
}
CASP_SHA256 = "4277cfcb4e91a181746cbc654f001b57951c9e6a80f4f795fdb5c807e0848f40"


def members(zipped, end):
    found = sorted(n for n in zipped.namelist() if n.endswith(end) and "__MACOSX" not in n)
    if not found:
        sys.exit(f"{archive} holds no file {end}: the source has changed")
    return found


def cells(zipped, member):
    with zipped.open(member) as file:
        yield from csv.reader(io.TextIOWrapper(file, "utf-8"), skipinitialspace=True)


def rows(zipped):
    """The rows in their final order of columns; of `news` and `slice` the first holds names."""
    if name == "protein":
        member = members(zipped, "CASP.csv")[0]
        found = hashlib.sha256(zipped.read(member)).hexdigest()
        if found != CASP_SHA256:
            os.remove(archive)
            sys.exit(f"{member} in {archive} is not the table that it was: its sha256 is {found}, not {CASP_SHA256}. "
                     "The archive was deleted; try again, and if that fails the source has changed")
        for row in list(cells(zipped, member))[1:]:
            yield row[1:] + row[:1]
    elif name == "naval":
        with zipped.open(members(zipped, "data.txt")[0]) as file:
            for line in io.TextIOWrapper(file, "utf-8"):
                if line.strip():
                    # The turbine's decay, the other target, is left out.
                    yield [repr(float(x)) for x in line.split()[:17]]
    elif name == "indoor":
        for member in ("trainingData.csv", "validationData.csv"):
            yield from list(cells(zipped, members(zipped, member)[0]))[1:]
    elif name == "blog":
        train = members(zipped, "blogData_train.csv")
        for member in train + [n for n in members(zipped, ".csv") if n not in train]:
            yield from cells(zipped, member)
    elif name == "news":
        # Without the address of the article.
        yield from (row[1:] for row in cells(zipped, members(zipped, "OnlineNewsPopularity.csv")[0]))
    else:
        yield from cells(zipped, members(zipped, "slice_localization_data.csv")[0])


try:
    with zipfile.ZipFile(archive) as zipped:
        table = [row for row in rows(zipped) if row]
except (zipfile.BadZipFile, UnicodeDecodeError, ValueError, IndexError) as error:
    sys.exit(f"{archive} can't be read ({error}): delete it and run this again")
header = name in ("news", "slice")
size = (len(table) - header, len(table[0]))
if size != SIZES[name] or any(len(row) != size[1] for row in table):
    sys.exit(f"{archive} holds {size[0]} × {size[1]} cells, not {SIZES[name][0]} × {SIZES[name][1]}: the source has changed")
draft = target + ".part"
with open(draft, "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
    packed.write("".join(",".join(row) + "\n" for row in table).encode())
os.replace(draft, target)
