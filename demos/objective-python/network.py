"""From a network of nasbot (JSON) to a torch.nn.Module, in a page: copy it, change it.

What a layer computes is what nasbot's own worker makes of it. Convolutions are conv, batch norm, ReLU with "same" padding; pools are
2 × 2 with stride 2; a dense layer averages an image over its pixels first; several parents are concatenated over channels, in the
order of their numbers; several decision layers are averaged. Parameters have the names that nasbot's exported models give them.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

ACTIVATIONS = {
    "fc": F.relu, "relu": F.relu, "leaky-relu": F.leaky_relu, "softplus": F.softplus, "elu": F.elu,
    "logistic": torch.sigmoid, "tanh": torch.tanh, "crelu": lambda x: torch.cat([F.relu(x), F.relu(-x)], 1),
}


class Conv(nn.Module):
    def __init__(self, inputs, outputs, side, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Residual(nn.Module):
    """Two convolutions beside a shortcut, which is a 1 × 1 convolution where channels or sides differ."""

    def __init__(self, inputs, outputs, side, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, side, padding=side // 2, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        if stride != 1 or inputs != outputs:
            self.shortcut_conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        shortcut = self.shortcut_norm(self.shortcut_conv(x)) if hasattr(self, "shortcut_conv") else x
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)) + shortcut)


class Dense(nn.Module):
    def __init__(self, inputs, outputs, activation):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.activation = activation

    def forward(self, x):
        return self.activation(self.linear(x.mean((2, 3)) if x.dim() == 4 else x))


class Network(nn.Module):
    """A network for inputs with so many channels (or columns), with so many outputs: log-probabilities, or numbers for mlp-reg."""

    def __init__(self, network, inputs, outputs):
        super().__init__()
        self.kind, self.layers = network["kind"], network["layers"]
        self.parents = [sorted(a for a, b in network["edges"] if b == i) for i in range(len(self.layers))]
        channels = []
        for i, layer in enumerate(self.layers):
            op, units = layer["op"], layer.get("units")
            arriving = sum(channels[parent] for parent in self.parents[i]) or inputs
            if op.startswith(("conv", "res")):
                make, stride = (Conv, Residual)[op.startswith("res")], layer.get("stride", 1)
                self.add_module(f"layer{i}", make(arriving, units, int(op[-1]), stride))
            elif op in ("softmax", "linear"):
                decide = (lambda x: F.log_softmax(x, 1)) if op == "softmax" else (lambda x: x)
                units = outputs
                self.add_module(f"layer{i}", Dense(arriving, units, decide))
            elif op in ACTIVATIONS:
                self.add_module(f"layer{i}", Dense(arriving, units, ACTIVATIONS[op]))
                units *= 2 if op == "crelu" else 1
            channels.append(units or arriving)

    def forward(self, x):
        values = []
        for i, layer in enumerate(self.layers):
            arriving = [values[parent] for parent in self.parents[i]]
            if layer["op"] == "ip":
                values.append(x if self.kind == "cnn" else x.flatten(1))
            elif layer["op"] == "op" and self.kind == "mlp-reg":
                return torch.stack(arriving).mean(0)
            elif layer["op"] == "op":
                return torch.logsumexp(torch.stack(arriving), 0) - math.log(len(arriving))
            elif layer["op"].endswith("pool"):
                pool = F.max_pool2d if layer["op"] == "max-pool" else F.avg_pool2d
                values.append(pool(torch.cat(arriving, 1), 2, 2, ceil_mode=True))
            else:
                values.append(getattr(self, f"layer{i}")(torch.cat(arriving, 1)))
