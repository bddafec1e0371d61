"""Feeds raw rows and pictures to what nasbot exports, and compares.

    python check-export.py NASBOT FOLDER

Searches and trains small models with the program NASBOT (its worker beside it or in NASBOT_WORKER) on tables with words, gaps, dates
and booleans, on pictures of several sizes and on tables of pixels, single ones and ensembles; then asks each about raw examples in
several ways, which must agree within 1e-5:

- `nasbot predict` on the file or the folder,
- the ONNX file in onnxruntime, on numbers made here from the description in its metadata,
- model.py, on what its own raw_row and raw_picture make of the same cells and pixels. Without PyTorch only those parts of it are
  run that need none: raw_row must then give the same numbers as are made here.

Outputs of classifiers are compared as probabilities, and as log-probabilities relative to their size beyond ±1; values of
regressions in standard deviations of the targets, and relative to their size beyond one. FOLDER is made.
"""

import ast, csv, gzip, importlib.util, json, math, os, random, struct, subprocess, sys, zlib
from datetime import datetime, time, timedelta, timezone

import numpy as np
import onnxruntime

try:
    import torch
except ImportError:
    torch = None

TOLERANCE = 1e-5
DIGITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "datasets", "digits", "digits.csv.gz")


# ---- Raw examples ----------------------------------------------------------------------------------------------------

def patients(seed, rows, odd):
    """Rows of a table with every kind of column; `odd` ones with words, numbers and gaps that no training row has."""
    draw = random.Random(seed)
    header = ["town", "post code", "income", "age", "weight", "since", "seen", "smokes", "constant", "cost", 'sta"te, ü']
    table = []
    for i in range(rows):
        town = draw.choice(["Aarau", "Bern", "Chur", 'Zü"rich, West', "Genève \\"]) if i % 40 else f"hamlet {i}"
        age, since = draw.randint(18, 90), datetime(2001, 1, 1) + timedelta(days=draw.randint(0, 9000))
        # The largest of these that is in the training part is so far from the others that `auto` scales the column robustly.
        far = {7: 1e12, 107: 1e10, 207: 1e8, 307: 1e7}.get(i)
        income = far or math.exp(draw.gauss(7, 1))
        smokes = draw.random() < 0.3
        cost = max(500, 1000 + 40 * age + (3000 if smokes else 0) + (2000 if town == "Bern" else 0) + draw.gauss(0, 1200))
        state = 'ill, "very"' if cost > 6500 else "so-so" if cost > 4000 else "wöll"
        cells = [town, draw.choice(["08001", "08002", "3000"]), f"{income:.3f}", str(age), f"{draw.gauss(70, 12):.1f}",
                 since.strftime(["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y"][i % 3]), since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                 draw.choice(["yes", "Yes"] if smokes else ["no", "FALSE"])]
        for place in (0, 2, 4, 5, 7):
            if draw.random() < 0.08 and not far:
                cells[place] = draw.choice(["", "NA", "nan", "?"])
        if odd and i % 5 == 0:
            cells[0], cells[1], cells[2], cells[3], cells[6] = "Atlantis", "99999", "1e12", "NA", "2031-05-06 07:08:09.5+02:00"
        table.append(dict(zip(header, cells + ["7", f"{cost:.2f}", state])))
    return header, table


def write_table(path, header, rows, separator=","):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, delimiter=separator, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_png(path, pixels):
    """An array height × width × channels of bytes as a PNG file."""
    height, width, channels = pixels.shape
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def picture(draw, which, size, channels):
    """Stripes across or along, or noise."""
    height, width = size
    stripes = np.arange(height)[:, None] if which == "across" else np.arange(width)[None, :]
    base = np.zeros((height, width)) if which == "noise" else 90 * np.sin(stripes * 1.3) * np.ones((height, width))
    noise = draw.normal(0, 80 if which == "noise" else 25, (height, width, channels))
    return np.clip(128 + base[..., None] + noise, 0, 255).astype(np.uint8)


# Larger and smaller than the models take, and the size of one; of odd sides, with which few scaled values are halfway between two.
SIZES = [(13, 11), (23, 17), (9, 7), (29, 41), (40, 31)]


def write_pictures(folder, seed, count, shape=None):
    """Folders of classes with pictures of several sizes, in grey and colour; their pixels by file. Those that become images of
    `shape` in more than one way are left out."""
    draw = np.random.default_rng(seed)
    pixels = {}
    for i in range(count):
        which = ["across", "along", "noise"][i % 3]
        path = os.path.join(folder, which, f"{i:03}.png")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        made = picture(draw, which, SIZES[i // 3 % len(SIZES)], draw.choice([1, 3]))
        if shape is None or not is_between(made, shape):
            pixels[path] = made
            write_png(path, made)
    return pixels


# ---- What a model's description makes of them -------------------------------------------------------------------------

USUAL_GAPS = {"na", "n/a", "nan", "null", "none", "?", "-", "#n/a", "nil"}


def number(cell, column, gaps):
    """The raw number of a cell, by the description in the metadata."""
    if cell == "" or (cell in gaps if gaps is not None else cell.lower() in USUAL_GAPS):
        return math.nan
    encoding = column["encoding"]
    if encoding["as"] == "words":
        return float(encoding["words"].index(cell)) if cell in encoding["words"] else float(len(encoding["words"]))
    if column["kind"] == "boolean":
        return float(cell.lower() in ("true", "yes"))
    if column["kind"] == "date":
        is_dotted = "." in cell[:3]
        moment = datetime.strptime(cell, "%d.%m.%Y") if is_dotted else datetime.fromisoformat(cell.replace("/", "-").replace("Z", "+00:00"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return moment.timestamp() / 86400
    return float(cell)


def weights(source, target):
    """By what a side of `source` pixels is scaled to one of `target`: triangles as wide as a pixel of the smaller."""
    ratio = source / target
    reach = max(ratio, 1.0)
    centres = (np.arange(target)[:, None] + 0.5) * ratio
    table = np.maximum(0, 1 - np.abs(np.arange(source)[None, :] + 0.5 - centres) / reach)
    return table / table.sum(1, keepdims=True)


# How bright sRGB's primaries are together at the white of D65, x = 0.31272 and y = 0.32903.
GREY = np.array([0.2126478, 0.7151792, 0.0721730])


def resized(pixels, height, width):
    x = pixels.astype(np.float64)
    if x.shape[:2] == (height, width):
        return x
    return np.einsum("hy,wx,yxc->hwc", weights(x.shape[0], height), weights(x.shape[1], width), x)


def is_between(pixels, shape):
    """Whether a scaled value is so near to a half that 32-bit arithmetic rounds it up or down as its terms are ordered."""
    is_near = lambda x: np.abs(x % 1 - 0.5).min() < 3e-4
    channels, height, width = shape
    x = resized(pixels, height, width)
    return is_near(x) or (channels == 1 and x.shape[2] == 3 and is_near(np.floor(x + 0.5) @ GREY))


def scaled(pixels, shape):
    """The raw image of a picture: channels × height × width."""
    channels, height, width = shape
    x = np.floor(resized(pixels, height, width) + 0.5)
    if channels == 1 and x.shape[2] == 3:
        x = np.floor(x @ GREY + 0.5)[..., None]
    return np.broadcast_to(x, (height, width, channels)).transpose(2, 0, 1).astype(np.float32)


# ---- The ways --------------------------------------------------------------------------------------------------------

class Model:
    """What nasbot left in a folder."""

    def __init__(self, nasbot, folder):
        self.nasbot, self.folder = nasbot, folder
        stem = "best" if os.path.exists(os.path.join(folder, "best.onnx")) else "model"
        self.program = os.path.join(folder, stem + ".py")
        self.session = onnxruntime.InferenceSession(os.path.join(folder, stem + ".onnx"))
        self.metadata = self.session.get_modelmeta().custom_metadata_map
        preparation = json.loads(self.metadata["nasbot"])["preparation"]
        self.input, self.output = preparation["input"], preparation["output"]
        self.classes = self.output.get("names")
        # Ensembles are averaged in one place, so that there are several decision layers.
        layers = json.loads(self.metadata["nasbot"])["network"]["layers"]
        self.decisions = sum(layer["op"] in ("softmax", "linear") for layer in layers)

    def rows(self, table):
        gaps = self.input.get("gaps")
        return np.array([[number(cells[c["name"]], c, gaps) for c in self.input["columns"]] for cells in table])

    def images(self, pictures):
        return np.stack([scaled(pixels, self.input["shape"]) for pixels in pictures])

    def onnx(self, raw):
        """Probabilities or values in units, and the outputs themselves."""
        outputs, = self.session.run(["output"], {"input": raw})
        if self.classes:
            return np.exp(outputs.astype(np.float64)), outputs
        return self.session.run(["value"], {"input": raw})[0], outputs

    def predict(self, path):
        done = subprocess.run([self.nasbot, "predict", self.folder, path], stdout=subprocess.PIPE, text=True, check=True)
        header, *lines = csv.reader(done.stdout.splitlines())
        start = header.index("class") + 1 if self.classes else len(header) - 1
        numbers = np.array([[float(cell) for cell in line[start:]] for line in lines])
        if self.classes:
            assert header[start:] == [f"p({name})" for name in self.classes], header
            named = [line[start - 1] for line in lines]
            # Of two that are the same to 32 bits, either may be named.
            sure = [row[self.classes.index(name)] >= row.max() * (1 - 1e-6) for name, row in zip(named, numbers)]
            assert all(sure), "a class that is named is not the likeliest"
        files = [line[header.index("file")] for line in lines] if "file" in header else None
        return numbers, files

    def python(self):
        """model.py as a module; without PyTorch those parts of it that do not need it."""
        with open(self.program, encoding="utf-8") as file:
            text = file.read()
        if torch:
            spec = importlib.util.spec_from_file_location("model", self.program)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return vars(module)
        needs_none = lambda node: not any(
            isinstance(inner, ast.Name) and inner.id in ("torch", "F", "nn") for inner in ast.walk(node))
        body = [node for node in ast.parse(text).body
                if not (isinstance(node, (ast.Import, ast.ImportFrom)) and "torch" in ast.unparse(node)) and needs_none(node)]
        names = {"__file__": self.program}
        exec(compile(ast.Module(body, []), self.program, "exec"), names)
        return names

    def in_torch(self, program, raw):
        with torch.no_grad():
            outputs = program["load"]()(program["standardise"](raw))
        return (outputs.double().exp() if self.classes else program["in_units"](outputs)).numpy(), outputs.numpy()


def furthest(name, a, b, scale=1.0):
    """Checks that two arrays are the same within the tolerance, relative to numbers beyond ±`scale`."""
    difference = np.abs(a - b) / np.maximum(scale, np.abs(b))
    largest = float(difference.max())
    print(f"  {name}: largest difference {largest:.1e}")
    if not largest <= TOLERANCE:
        sys.exit(f"{name}: example {int(difference.max(1).argmax())} differs: {a[difference.max(1).argmax()]}, {b[difference.max(1).argmax()]}")


def compare(model, path, raw, own, original):
    """All ways on the same examples: `raw` made here, `own(program)` made by model.py."""
    scale = 1.0 if model.classes else original
    values, outputs = model.onnx(raw)
    assert len(raw) > 20 and np.isfinite(values).all()
    assert np.ptp(values, axis=0).max() > 0.01 * scale, "the model says the same of all"
    predicted, _ = model.predict(path)
    furthest("predict and ONNX", predicted, values, scale)
    program = model.python()
    assert program["CLASSES"] == (model.classes or []), program["CLASSES"]
    if model.classes:
        assert json.loads(model.metadata["classes"]) == model.classes
    made = own(program)
    if torch:
        assert tuple(np.shape(raw)[1:]) == program["INPUT_SHAPE"] or "columns" in model.metadata
        in_units, in_torch = model.in_torch(program, made)
        furthest("PyTorch and ONNX", in_torch, outputs)
        furthest("predict and PyTorch", predicted, in_units, scale)
    elif made is not None and "columns" in model.metadata:
        # Words that are not known may be any number that is no place.
        words = np.array([column["encoding"]["as"] == "words" for column in model.input["columns"]])
        known = np.array([len(column["encoding"].get("words", [])) for column in model.input["columns"]])
        made = np.array(made)
        made = np.where(words & (made < 0), known, made)
        assert np.array_equal(np.isnan(made), np.isnan(raw)), "gaps"
        furthest("raw_row and the metadata", np.nan_to_num(made), np.nan_to_num(raw))


# ---- The models ------------------------------------------------------------------------------------------------------

SEARCH = """
[study]
seed = 3
[space]
kind = "{kind}"
max-units = 24
max-layers = 7
[data]
{data}
[training]
epochs = {epochs}
learning-rate = 0.01
{training}
[workers]
devices = ["cpu"]
threads = 1
[budget]
evaluations = 8
"""


def searched(nasbot, folder, name, kind, data, training, epochs=25):
    """The model that a search leaves."""
    description = os.path.join(folder, name + ".toml")
    with open(description, "w", encoding="utf-8") as file:
        file.write(SEARCH.format(kind=kind, data=data, training=training, epochs=epochs))
    done = subprocess.run([nasbot, "search", name + ".toml", "--quiet", "--format", "json"], cwd=folder, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{name}: the search ended with status {done.returncode}")
    found = json.loads(done.stdout)
    assert found["failed"] == 0, found
    model = Model(nasbot, os.path.join(folder, name + ".nasbot.out"))
    # A network may have several decision layers of its own, an ensemble has them.
    assert "ensemble" not in training or model.decisions > 1, f"{name}: the ensemble has one member: other rows or settings are needed here"
    return model


ALL_COLUMNS = {"town", "post code", "income", "age", "weight", "since", "seen", "smokes"}


def tables(nasbot, folder):
    header, rows = patients(1, 400, False)
    write_table(os.path.join(folder, "patients.csv"), header, rows)
    new_header, new_rows = patients(2, 60, True)
    write_table(os.path.join(folder, "new.csv"), new_header[::-1], new_rows, ";")
    path = os.path.join(folder, "new.csv")
    costs = [float(row["cost"]) for row in rows]
    for name, kind, data, training in [
        ("classes", "mlp-class", 'task = "class"\nignore = ["cost"]\nscaling = "robust"', 'final = "ensemble"'),
        ("few-classes", "mlp-class", 'task = "class"\nignore = ["cost"]\nscaling = "auto"\nclass-weights = "balanced"', 'final = "best"'),
        ("costs", "mlp-reg", 'task = "reg"\nlabel = "cost"\nscaling = "robust"\ntransform = "log1p"', 'final = "ensemble"'),
        ("plain-costs", "mlp-reg", 'task = "reg"\nlabel = "cost"\ngaps = ["NA", "?", "nan"]', 'final = "best"'),
        ("log-costs", "mlp-reg", 'task = "reg"\nlabel = "cost"\ntransform = "log"\nscaling = "auto"', 'final = "ensemble"\nfolds = 3'),
    ]:
        data = f'path = "patients.csv"\ncategories = ["post code"]\n{data}'
        model = searched(nasbot, folder, name, kind, data, training)
        columns = {column["name"]: column for column in model.input["columns"]}
        assert ALL_COLUMNS <= set(columns), columns
        assert [columns[name]["kind"] for name in ("since", "seen", "smokes")] == ["date", "date", "boolean"], columns
        bent = columns["income"]["encoding"].get("limit")
        assert ("scaling" not in data) == (bent is None), (name, bent)
        about = f"{model.decisions} decision layers, {len(columns)} columns"
        print(f"{name}: {about}")
        assert json.loads(model.metadata["columns"]) == [column["name"] for column in model.input["columns"]]
        compare(model, path, model.rows(new_rows), lambda program: [program["raw_row"](row) for row in new_rows], float(np.std(costs)))
        program = model.python()
        row = new_rows[1]
        # What a program has in place of text.
        day = datetime(2023, 5, 6, 18)
        typed = {**row, "since": day, "seen": day.date(), "smokes": True, "age": 40, "income": None, "weight": math.nan}
        text = {**row, "since": "2023-05-06 18:00", "seen": "2023/05/06", "smokes": "TRUE", "age": "40", "income": "", "weight": "NA"}
        assert np.array_equal(program["raw_row"](typed), program["raw_row"](text), equal_nan=True)
        assert np.array_equal(program["raw_row"]({**text, "since": 19483.75}), program["raw_row"](text), equal_nan=True)
        for cells, problem in [({**row, "age": "old"}, "'old' is no number"), ({**row, "smokes": "maybe"}, "'maybe' is no boolean"),
                               ({**row, "since": "then"}, "'then' is no date"), ({**row, "weight": "inf"}, "'inf' is no number")]:
            try:
                program["raw_row"](cells)
            except ValueError as error:
                assert problem in str(error), error
            else:
                sys.exit(f"raw_row takes {cells}")


def pictures(nasbot, folder):
    write_pictures(os.path.join(folder, "seen"), 1, 120)
    for name, image, training in [("colour", "[3, 13, 11]", 'final = "ensemble"'), ("grey", "[1, 15, 9]", 'final = "best"')]:
        model = searched(nasbot, folder, name, "cnn", f'path = "seen"\ntask = "class"\nimage = {image}', training, epochs=3)
        path = os.path.join(folder, f"new-{name}")
        new = write_pictures(path, 2, 90, model.input["shape"])
        files = model.predict(path)[1]
        assert sorted(files) == sorted(new), "other files"
        pixels = [new[file] for file in files]
        sizes = {x.shape[:2] for x in pixels}
        assert len(sizes) == len(SIZES), sizes
        print(f"{name} pictures: {model.decisions} decision layers, {len(pixels)} of 90 pictures")
        compare(model, path, model.images(pixels), lambda program: torch and torch.stack([program["raw_picture"](x) for x in pixels]), None)


def pixels(nasbot, folder):
    with gzip.open(DIGITS, "rt") as file:
        lines = [line.split(",") for line in file if line.strip()]
    lines = [line for line in lines if line[0].replace(".", "").isdigit()]
    for name, part in [("seen.csv", lines[:600]), ("digits.csv", lines[600:700])]:
        with open(os.path.join(folder, name), "w") as file:
            file.writelines(",".join(line) for line in part)
    data = 'path = "seen.csv"\ntask = "class"\nimage = [1, 8, 8]\nheader = false'
    model = searched(nasbot, folder, "digits", "cnn", data, 'final = "best"', epochs=3)
    raw = np.array([[float(cell) for cell in line[:-1]] for line in lines[600:700]], dtype=np.float32).reshape(-1, 1, 8, 8)
    print(f"digits: {model.decisions} decision layers")
    compare(model, os.path.join(folder, "digits.csv"), raw, lambda _: torch and torch.from_numpy(raw), None)


def main(nasbot, folder):
    nasbot = os.path.abspath(nasbot)
    print("model.py in PyTorch " + torch.__version__ if torch else "There is no PyTorch: of model.py, raw_row alone is checked.")
    for make in (tables, pictures, pixels):
        own = os.path.join(folder, make.__name__)
        os.makedirs(own)
        make(nasbot, own)
    print("all agree")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
