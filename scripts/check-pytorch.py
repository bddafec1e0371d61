"""Compares what `parity` wrote with what the exported programs compute in PyTorch.

    python check-pytorch.py FOLDER

With onnxruntime installed the ONNX files are compared too. Outputs must agree within 1e-5, gradients within 1e-4 of the largest entry of their tensor, FLOPs exactly.
"""

import importlib.util
import os
import sys

import torch

try:
    import onnxruntime
except ImportError:
    onnxruntime = None
from torch.utils.flop_counter import FlopCounterMode


def module(path):
    spec = importlib.util.spec_from_file_location("model", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def read_values(path):
    import json
    import struct

    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    kinds = {"F32": torch.float32, "F64": torch.float64}
    values = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            flat = torch.frombuffer(data[start:end], dtype=kinds[entry["dtype"]])
            values[name] = flat.view(entry["shape"])
    return values


def main(folder):
    torch.set_num_threads(1)
    worst = {"outputs": 0.0, "gradients": 0.0}
    numbers = sorted((int(name) for name in os.listdir(folder)))
    failed = 0
    for number in numbers:
        here = os.path.join(folder, str(number))
        values = read_values(os.path.join(here, "values.safetensors"))
        network = module(os.path.join(here, "model.py")).load()
        x = values["input"]
        if x.dim() == 4:
            # As nasbot lays images and filters out: other orders of sums differ visibly where three examples are
            # normalised by their own moments.
            x = x.contiguous(memory_format=torch.channels_last)
            network = network.to(memory_format=torch.channels_last)
        with torch.no_grad():
            outputs = (network(x) - values["evaluated"]).abs().max().item()
        if onnxruntime:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(os.path.join(here, "model.onnx"), options)
            result, = session.run(None, {"input": x.numpy()})
            difference = (torch.from_numpy(result) - values["evaluated"]).abs().max().item()
            worst["onnx"] = max(worst.get("onnx", 0.0), difference)
            outputs = max(outputs, difference)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(x[:1])
        flops_agree = counter.get_total_flops() == int(values["flops"].item())
        network.train()
        trained = network(x)
        outputs = max(outputs, (trained - values["trained"]).abs().max().item())
        target = torch.arange(trained.numel(), dtype=torch.float32).sin().view_as(trained)
        torch.nn.functional.mse_loss(trained, target, reduction="sum").backward()
        gradients = 0.0
        # Relative to the largest gradient of the network: some tensors' gradients are zero but for rounding.
        scale = max(p.grad.abs().max().item() for p in network.parameters())
        for name, parameter in network.named_parameters():
            theirs = values["gradient " + name]
            local = max(theirs.abs().max().item(), 1e-3 * scale)
            gradients = max(gradients, (parameter.grad - theirs).abs().max().item() / local)
        parameters = {name for name, _ in network.named_parameters()}
        same_names = parameters == {n[len("gradient "):] for n in values if n.startswith("gradient ")}
        worst["outputs"] = max(worst["outputs"], outputs)
        worst["gradients"] = max(worst["gradients"], gradients)
        if outputs > 1e-5 or gradients > 1e-4 or not flops_agree or not same_names:
            failed += 1
            print(f"network {number}: outputs {outputs:.1e}, gradients {gradients:.1e}, "
                  f"flops {counter.get_total_flops()} against {int(values['flops'].item())}, names {same_names}")
    differences = ", ".join(f"{what} {size:.1e}" for what, size in worst.items())
    print(f"{len(numbers)} networks, {failed} differ; largest differences: {differences}")
    sys.exit(1 if failed or not numbers else 0)


main(sys.argv[1])
