"""What people would pick instead of a search, by scikit-learn: each is given the same rows and gives a test score.

Whatever has a setting to choose chooses it by its score on the validation rows; then all are fitted on training and
validation rows together. Inputs are standardised, and so are the targets of regressions.
"""

import warnings

import numpy as np
from sklearn.ensemble import (HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier,
                              RandomForestRegressor)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

# Goes into the names of kept results: a change of what is computed makes a new one.
VERSION = 1
SEARCHED = 12

# That some of the random perceptrons have not converged is part of the comparison.
warnings.simplefilter("ignore", ConvergenceWarning)


def numbers(cells, rows):
    """Columns of cells as numbers. Text becomes one column a value, a gap the column's mean; `rows` tell both."""
    columns = []
    for column in cells.T:
        column = np.char.strip(column)
        gap = np.isin(np.char.lower(column), ["", "na", "nan", "?", "null"])
        try:
            values = np.where(gap, "nan", column).astype(float)
        except ValueError:
            columns += [column == value for value in np.unique(column[rows][~gap[rows]])]
            continue
        known = values[rows][~gap[rows]]
        columns.append(np.where(gap, known.mean() if len(known) else 0.0, values))
    return np.stack(columns, axis=1).astype(float)


def standardised(values, rows):
    std = values[rows].std(axis=0)
    return (values - values[rows].mean(axis=0)) / np.where(std > 1e-12, std, 1.0)


class Part:
    """Inputs and targets of one division: what is fitted on, and what is scored on."""

    def __init__(self, cells, targets, is_class, fitted, scored):
        inputs = standardised(numbers(cells, fitted), fitted)
        if not is_class:
            targets = standardised(targets, fitted)
        self.fitted = inputs[fitted], targets[fitted]
        self.scored = inputs[scored], targets[scored]

    def score(self, model):
        """Accuracy, or R². A model whose numbers overflow has the worst score."""
        try:
            return float(model.fit(*self.fitted).score(*self.scored))
        except ValueError:
            return -np.inf


def linear_settings(is_class):
    if is_class:
        return [lambda c=c: LogisticRegression(C=c, max_iter=2000) for c in (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)]
    return [lambda a=a: Ridge(alpha=a) for a in (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)]


def perceptron_settings(is_class, seed):
    perceptron = MLPClassifier if is_class else MLPRegressor
    random = np.random.default_rng(seed)
    settings = []
    for _ in range(SEARCHED):
        layers = int(random.integers(1, 4))
        chosen = {
            "hidden_layer_sizes": tuple(int(round(w)) for w in 2 ** random.uniform(4, 8, layers)),
            "learning_rate_init": float(10 ** random.uniform(-4, -2)),
            "alpha": float(10 ** random.uniform(-6, 0)),
            "batch_size": int(random.choice([16, 32, 64, 128, 256])),
            "early_stopping": bool(random.integers(2)),
        }
        settings.append(lambda chosen=chosen: perceptron(random_state=seed, **chosen))
    return settings


def candidates(name, is_class, seed):
    """Models to choose from by their validation scores."""
    if name == "linear":
        return linear_settings(is_class)
    if name == "mlp_searched":
        return perceptron_settings(is_class, seed)
    only = {
        "mlp": (MLPRegressor, MLPClassifier),
        "forest": (RandomForestRegressor, RandomForestClassifier),
        "boosting": (HistGradientBoostingRegressor, HistGradientBoostingClassifier),
    }[name][is_class]
    return [lambda: only(random_state=seed)]


def test_score(name, cells, targets, is_class, parts, seed):
    """The test score of one rival on one division: `parts` are the rows of training, validation and test."""
    train, validation, test = parts
    choices = candidates(name, is_class, seed)
    if len(choices) > 1:
        chosen = Part(cells, targets, is_class, train, validation)
        choices.sort(key=lambda make: -chosen.score(make()))
    return Part(cells, targets, is_class, np.concatenate([train, validation]), test).score(choices[0]())
