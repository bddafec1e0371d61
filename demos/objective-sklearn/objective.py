"""An objective with scikit-learn: cross-validates a perceptron whose hidden layers have the widths of the network's.

    nasbot evaluate search.toml network.json        tries it with one network
    nasbot search search.toml

Scikit-learn's perceptrons are chains of layers with one activation. What else a network has, skips and other activations, has no part
in the score; the space in search.toml therefore bounds degrees and edges. Needs scikit-learn.
"""

import json
import os
import sys
import warnings
from collections import Counter

from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# Scikit-learn's names of activations that networks have too; the others are nearest to the rectifier.
ACTIVATIONS = {"logistic": "logistic", "tanh": "tanh"}


def load():
    """Rows of numbers and their classes: put your own here."""
    return load_breast_cancer(return_X_y=True)


def main():
    network = json.load(sys.stdin)
    hidden = [layer for layer in network["layers"] if "units" in layer]
    if not hidden:
        print(json.dumps({"failed": "impossible-shape", "message": "there is no hidden layer"}))
        return
    widths = tuple(layer["units"] for layer in hidden)
    # The activation of most of the units.
    votes = Counter()
    for layer in hidden:
        votes[ACTIVATIONS.get(layer["op"], "relu")] += layer["units"]
    activation, _ = votes.most_common(1)[0]
    print(f"widths {widths}, activation {activation}", file=sys.stderr)

    seed = int(os.environ.get("NASBOT_SEED", "0")) % 2**32
    perceptron = MLPClassifier(widths, activation=activation, max_iter=60, random_state=seed)
    rows, classes = load()
    # The same folds for every network.
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        guesses = cross_val_predict(make_pipeline(StandardScaler(), perceptron), rows, classes, cv=folds, method="predict_proba")
    # Less is better, so that it is told as a loss and not as a score.
    accuracy = accuracy_score(classes, guesses.argmax(1))
    print(json.dumps({"loss": log_loss(classes, guesses), "metrics": {"accuracy": accuracy, "units": sum(widths)}}))


main()
