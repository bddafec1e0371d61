import json
import math
import os
import re
import struct
from datetime import datetime, time, timedelta, timezone

import torch
import torch.nn.functional as F
from torch import nn


class ConvNormRelu(nn.Module):
    """Convolution with "same" padding and no bias, batch norm, ReLU."""

    def __init__(self, inputs, outputs, side, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Residual(nn.Module):
    """Two convolutions beside a shortcut, which is a 1×1 convolution where shapes differ."""

    def __init__(self, inputs, outputs, side, stride, projection):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, side, padding=side // 2, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.projection = projection
        if projection:
            self.shortcut_conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        shortcut = self.shortcut_norm(self.shortcut_conv(x)) if self.projection else x
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)) + shortcut)


class Dense(nn.Module):
    """Linear and an activation; an image is averaged over its pixels first."""

    def __init__(self, inputs, outputs, activation):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.activation = activation

    def forward(self, x):
        if x.dim() == 4:
            x = x.mean((2, 3))
        return self.activation(self.linear(x))


def crelu(x):
    return torch.cat([F.relu(x), F.relu(-x)], 1)


def identity(x):
    return x


def log_softmax(x):
    return F.log_softmax(x, 1)


def standardise(x):
    """Raw inputs as the network takes them: images, or rows of numbers as COLUMNS says."""
    if COLUMNS is None:
        return x if MEAN is None else (x - MEAN) / STD
    x = torch.as_tensor(x, dtype=torch.float64)
    inputs = []
    for cells, (_, kind, *how) in zip(x.unbind(1), COLUMNS):
        gaps = cells.isnan()
        if kind == "words":
            words, marks_others, marks_gaps = how
            inputs += [cells == place for place in range(len(words))]
            if marks_others:
                inputs.append(~gaps & ((cells < 0) | (cells >= len(words))))
        else:
            mean, std, limit, marks_gaps = how
            scaled = (cells - mean) / std
            if limit is not None:
                scaled = scaled / torch.hypot(scaled / limit, torch.ones_like(scaled))
            inputs.append(torch.where(gaps, 0.0, scaled))
        if marks_gaps:
            inputs.append(gaps)
    return torch.stack([column.to(torch.float32) for column in inputs], 1)


def is_gap(cell):
    """Whether a cell of a table is empty: None, NaN, or text that stands for a gap."""
    if not isinstance(cell, str):
        return cell is None or cell != cell
    return cell == "" or (cell in GAPS if GAPS_ARE_GIVEN else cell.lower() in GAPS)


def days(cell):
    """Days since 1970-01-01 of a date, or of its text, with or without a time; in UTC where no zone is said."""
    if isinstance(cell, str):
        cell = re.sub(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})(?=[ T]|$)", lambda d: f"{d[3]}-{d[2]:0>2}-{d[1]:0>2}", cell)
        cell = datetime.fromisoformat(cell.replace("/", "-", 2).replace("Z", "+00:00"))
    elif not isinstance(cell, datetime):
        cell = datetime.combine(cell, time())
    if cell.tzinfo is None:
        cell = cell.replace(tzinfo=timezone.utc)
    return (cell - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(days=1)


def raw_cell(cell, kind, words):
    """The number of a cell."""
    cell = cell.strip() if isinstance(cell, str) else cell
    if is_gap(cell):
        return math.nan
    if kind == "words":
        return float(words.index(str(cell))) if str(cell) in words else -1.0
    if kind == "boolean" and isinstance(cell, str):
        return {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}[cell.lower()]
    if kind == "date" and not isinstance(cell, (int, float)):
        return days(cell)
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def raw_row(cells):
    """A row of numbers from the cells of a table by column name: text as it stands in the file, or numbers, dates and None."""
    row = []
    for name, kind, *how in COLUMNS:
        try:
            row.append(raw_cell(cells[name], kind, how[0]))
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"column {name!r}: {cells[name]!r} is no {kind}") from error
        except KeyError as error:
            problem = f"{cells[name]!r} is no {kind}" if name in cells else "is missing"
            raise ValueError(f"column {name!r}: {problem}") from error
    return row


def raw_picture(pixels):
    """A raw image (channels × height × width) from the numbers of a picture of any size, 0 to 255: height × width × channels,
    as picture libraries give them, or height × width. It is upright and has no alpha channel. Scaled values are rounded to whole
    numbers; one that is halfway between two may become the other one than in `nasbot predict`."""
    x = torch.as_tensor(pixels)
    x = x[..., None] if x.dim() == 2 else x
    channels, height, width = INPUT_SHAPE
    if x.dim() != 3 or x.shape[2] not in (1, 3):
        raise ValueError(f"a picture is height × width × 1 or 3, not {tuple(x.shape)}")
    x = x.permute(2, 0, 1).to(torch.float32)
    if x.shape[1:] != (height, width):
        x = F.interpolate(x[None], (height, width), mode="bilinear", antialias=True)[0]
        x = (x + 0.5).floor().clamp(0, 255)
    if channels == 1 and len(x) == 3:
        x = (0.2126478 * x[0] + 0.7151792 * x[1] + 0.072173 * x[2] + 0.5).floor()[None]
    return x.expand(channels, height, width)


def in_units(y):
    """A regression's outputs in the units of its target."""
    y = y.double() * TARGET_STD + TARGET_MEAN
    return {None: lambda y: y, "log": torch.exp, "log1p": torch.expm1}[TRANSFORM](y)


def read_safetensors(path):
    """The tensors of a safetensors file, by name."""
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            flat = torch.frombuffer(data, dtype=torch.float32, count=(end - start) // 4, offset=start)
            tensors[name] = flat.view(entry["shape"]).clone()
    return tensors


def load(path=None):
    """The trained network, ready to predict."""
    network = Network()
    path = path or os.path.join(os.path.dirname(os.path.abspath(__file__)), WEIGHTS)
    absent, unknown = network.load_state_dict(read_safetensors(path), strict=False)
    # PyTorch's batch norms also count batches, which plays no part here.
    absent = [name for name in absent if not name.endswith("num_batches_tracked")]
    if absent or unknown:
        raise ValueError(f"{path} is not this network's: it lacks {absent} and holds {unknown}")
    return network.eval()


