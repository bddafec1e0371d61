"""An objective of one's own: trains the network on standard input with PyTorch and prints its score.

    nasbot evaluate search.toml network.json        tries it with one network
    nasbot search search.toml

Put your own data into load(), and what you need into train(). Needs torch and numpy.
"""

import gzip
import json
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

from network import Network

EPOCHS, BATCH, RATE = 15, 64, 0.05


def load():
    """Images (examples × channels × height × width) from 0 to 1 with their classes: 1,797 digits of 8 × 8 pixels."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../datasets/digits/digits.csv.gz")
    with gzip.open(path, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return torch.tensor(rows[:, :-1] / 16).view(-1, 1, 8, 8), torch.tensor(rows[:, -1]).long()


def train(network, images, classes, device):
    """Trains in place and prints the loss of each epoch, which nasbot keeps in the evaluation's log."""
    optimiser = torch.optim.SGD(network.parameters(), RATE, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for epoch in range(1, EPOCHS + 1):
        network.train()
        total = 0.0
        order = torch.randperm(len(images))[: len(images) // BATCH * BATCH]
        for batch in order.view(-1, BATCH):
            loss = F.nll_loss(network(images[batch].to(device)), classes[batch].to(device))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * BATCH / len(order)
        print(f"epoch {epoch}/{EPOCHS}: loss {total:.4f}")
        if not np.isfinite(total):
            print(json.dumps({"failed": "diverged", "message": f"the loss is {total} in epoch {epoch}"}))
            sys.exit()


def main():
    description = json.load(sys.stdin)
    # Everything random follows from the seed that nasbot gives, so that an evaluation can be repeated.
    torch.manual_seed(int(os.environ.get("NASBOT_SEED", "0")) % 2**63)
    # Empty where it runs on the processor; nasbot shows each evaluation its own GPU.
    device = "cuda" if os.environ.get("CUDA_VISIBLE_DEVICES") and torch.cuda.is_available() else "cpu"
    images, classes = load()
    # The same division for every network.
    order = torch.from_numpy(np.random.default_rng(1).permutation(len(images)))
    held_out, rest = order[: len(order) // 5], order[len(order) // 5:]
    network = Network(description, images.shape[1], int(classes.max()) + 1).to(device)
    train(network, images[rest], classes[rest], device)
    network.eval()
    with torch.no_grad():
        guesses = network(images[held_out].to(device)).cpu()
    accuracy = (guesses.argmax(1) == classes[held_out]).float().mean().item()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    log_loss = F.nll_loss(guesses, classes[held_out]).item()
    print(json.dumps({"score": accuracy, "metrics": {"log-loss": log_loss, "parameters": parameters}}))


if __name__ == "__main__":
    main()
