"""Compares what `parity` wrote with what the exported programs compute in PyTorch, from the same weights and inputs.

    python check-pytorch.py FOLDER

Three times: with images channels last, with images contiguous, PyTorch in the same layout each time, and in 64-bit
floats. Outputs must agree within 1e-5 and gradients within 1e-4 of the largest entry of their tensor; in 64 bits both
within 1e-10, which leaves no difference in what is computed. With onnxruntime installed the ONNX files' outputs are
compared too. FLOPs and names must be the same. The module that demos/objective-python builds from the network alone must have the
same names and outputs.

What each layout loses in 32 bits is reported beside, against PyTorch in 64 bits.
"""

import importlib.util
import json
import os
import statistics
import struct
import sys

import torch

try:
    import onnxruntime
except ImportError:
    onnxruntime = None
from torch.utils.flop_counter import FlopCounterMode

# Of outputs and gradients.
BOUNDS = {"channels-last": (1e-5, 1e-4), "contiguous": (1e-5, 1e-4), "64-bit": (1e-10, 1e-10), "onnx": (1e-5, 0), "demo": (1e-5, 0)}


def module(path):
    spec = importlib.util.spec_from_file_location("model", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


demo = module(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../demos/objective-python/network.py"))


def read_values(path):
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


def compute(network, x):
    """Outputs in evaluation and in training, and the gradients of some loss that every output takes part in."""
    with torch.no_grad():
        evaluated = network.eval()(x)
    trained = network.train()(x)
    target = torch.arange(trained.numel(), dtype=torch.float32).sin().view_as(trained).to(trained.dtype)
    torch.nn.functional.mse_loss(trained, target, reduction="sum").backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    return {"evaluated": evaluated, "trained": trained.detach(), "gradients": gradients}


def demonstration(folder, program, x):
    """What the module of demos/objective-python computes with the weights of a network, and the names that differ."""
    with open(os.path.join(folder, "network.json")) as file:
        description = json.load(file)
    outputs = 1 if description["kind"] == "mlp-reg" else 6
    network = demo.Network(description, x.shape[1], outputs)
    weights = program.read_safetensors(os.path.join(folder, "model.safetensors"))
    absent, unknown = network.load_state_dict(weights, strict=False)
    # PyTorch's batch norms also count batches, which plays no part here.
    absent = [name for name in absent if not name.endswith("num_batches_tracked")]
    with torch.no_grad():
        return network.eval()(x), absent + unknown


def ours(values, setting):
    start = f"{setting} gradient "
    gradients = {name[len(start):]: value for name, value in values.items() if name.startswith(start)}
    return {"evaluated": values[f"{setting} evaluated"], "trained": values[f"{setting} trained"], "gradients": gradients}


def distance(a, b):
    """Largest differences of outputs, and of gradients relative to the largest entry of their tensor in b."""
    outputs = max((a[mode] - b[mode]).abs().max().item() for mode in ("evaluated", "trained"))
    # Some tensors' gradients are zero but for rounding: not less than a thousandth of the network's largest.
    least = 1e-3 * max(gradient.abs().max().item() for gradient in b["gradients"].values())
    gradients = max((a["gradients"][name] - gradient).abs().max().item() / max(gradient.abs().max().item(), least)
                    for name, gradient in b["gradients"].items())
    return outputs, gradients


def main(folder):
    torch.set_num_threads(1)
    numbers = sorted(int(name) for name in os.listdir(folder))
    found = {setting: [] for setting in BOUNDS}
    lost = {"channels-last": [], "contiguous": []}
    failed = 0
    for number in numbers:
        here = os.path.join(folder, str(number))
        values = read_values(os.path.join(here, "values.safetensors"))
        program = module(os.path.join(here, "model.py"))
        x = values["input"]
        demonstrated = demonstration(here, program, x)
        theirs = {
            "channels-last": compute(program.load(), x),
            "contiguous": compute(program.load(), x),
            "64-bit": compute(program.load().double(), x.double()),
        }
        if x.dim() == 4:
            last = {"memory_format": torch.channels_last}
            theirs["channels-last"] = compute(program.load().to(**last), x.contiguous(**last))
        here_found = {}
        for setting, result in theirs.items():
            mine = ours(values, setting)
            if mine["gradients"].keys() != result["gradients"].keys():
                sys.exit(f"network {number}: its parameters have other names in PyTorch")
            here_found[setting] = distance(mine, result)
        outputs, names = demonstrated
        if names:
            sys.exit(f"network {number}: in demos/objective-python it has other parameters: {names}")
        here_found["demo"] = (outputs - values["contiguous evaluated"]).abs().max().item(), 0.0
        if x.dim() == 4:
            for setting, distances in lost.items():
                distances.append(distance(ours(values, setting), theirs["64-bit"])[1])
        if onnxruntime:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(os.path.join(here, "model.onnx"), options)
            result, = session.run(None, {"input": x.numpy()})
            difference = (torch.from_numpy(result) - values["contiguous evaluated"]).abs().max().item()
            here_found["onnx"] = difference, 0.0
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            program.load()(x[:1])
        flops = counter.get_total_flops(), int(values["flops"].item())
        wrong = [f"{setting}: outputs {pair[0]:.1e}, gradients {pair[1]:.1e}" for setting, pair in here_found.items()
                 if not all(difference <= bound for difference, bound in zip(pair, BOUNDS[setting]))]
        if flops[0] != flops[1]:
            wrong.append(f"{flops[0]} flops against {flops[1]}")
        if wrong:
            failed += 1
            print(f"network {number}: {'; '.join(wrong)}")
        for setting, pair in here_found.items():
            found[setting].append(pair)
    print(f"{len(numbers)} networks, {failed} differ; largest differences:")
    for setting, pairs in found.items():
        if pairs:
            print(f"  {setting:<14}outputs {max(pair[0] for pair in pairs):.1e}"
                  + (f", gradients {max(pair[1] for pair in pairs):.1e}" if setting not in ("onnx", "demo") else ""))
    print("gradients of the convolutional networks in 32 bits against PyTorch's in 64:")
    for setting, distances in lost.items():
        print(f"  {setting:<14}median {statistics.median(distances):.1e}, "
              f"above 1e-4 in {sum(distance > 1e-4 for distance in distances)} of {len(distances)}")
    sys.exit(1 if failed or not numbers else 0)


main(sys.argv[1])
