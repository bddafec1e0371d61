"""Opens what `nasbot train` exports.

    python check-export.py prepare FOLDER DIGITS.csv.gz   writes net.json, digits.toml and the data, test data apart
    python check-export.py compare FOLDER                 compares FOLDER/model and figures.json on the raw test data

The accuracy must be the one that nasbot reports, and PyTorch and onnxruntime (if installed) must agree within 1e-5, for
log-probabilities beyond ±1 relative to their size: those of what a network rules out are some -15.
"""

import gzip
import importlib.util
import json
import os
import sys

NETWORK = {
    "kind": "cnn",
    "layers": [{"op": "ip"}, {"op": "conv3", "units": 16, "stride": 1}, {"op": "max-pool"},
               {"op": "res3", "units": 24, "stride": 1}, {"op": "avg-pool"}, {"op": "fc", "units": 32},
               {"op": "softmax"}, {"op": "op"}],
    "edges": [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 7]],
}
DESCRIPTION = """
[space]
kind = "cnn"
[data]
path = "train.csv"
task = "class"
image = [1, 8, 8]
header = false
test = { path = "test.csv" }
[training]
epochs = 8
learning-rate = 0.1
[workers]
devices = ["cpu"]
threads = 1
[budget]
evaluations = 1
"""


def prepare(folder, digits):
    os.makedirs(folder)
    with gzip.open(digits, "rt") as file:
        lines = [line for line in file if line.strip()]
    try:
        float(lines[0].split(",")[0])
    except ValueError:
        lines = lines[1:]
    for name, part in [("train.csv", lines[:1400]), ("test.csv", lines[1400:])]:
        with open(os.path.join(folder, name), "w") as file:
            file.writelines(part)
    with open(os.path.join(folder, "net.json"), "w") as file:
        json.dump(NETWORK, file)
    with open(os.path.join(folder, "digits.toml"), "w") as file:
        file.write(DESCRIPTION)


def compare(folder):
    import torch

    with open(os.path.join(folder, "figures.json")) as file:
        figures = json.load(file)
    spec = importlib.util.spec_from_file_location("model", os.path.join(folder, "model", "model.py"))
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    with open(os.path.join(folder, "test.csv")) as file:
        rows = torch.tensor([[float(cell) for cell in line.split(",")] for line in file])
    inputs, labels = rows[:, :-1].view(-1, 1, 8, 8), rows[:, -1].long()
    inputs = model.standardise(inputs)
    with torch.no_grad():
        outputs = model.load()(inputs)
    accuracy = (outputs.argmax(1) == labels).double().mean().item()
    print(f"nasbot train: accuracy {figures['score']:.4f}, in PyTorch {accuracy:.4f}")
    wrong = abs(accuracy - figures["score"]) > 1e-9
    try:
        import onnxruntime
    except ImportError:
        pass
    else:
        session = onnxruntime.InferenceSession(os.path.join(folder, "model", "model.onnx"))
        result, = session.run(None, {"input": inputs.numpy()})
        difference = ((torch.from_numpy(result) - outputs).abs() / outputs.abs().clamp(min=1)).max().item()
        print(f"onnxruntime: largest difference {difference:.1e}")
        wrong = wrong or difference > 1e-5
    sys.exit(1 if wrong else 0)


{"prepare": prepare, "compare": compare}[sys.argv[1]](*sys.argv[2:])
