"""Scores a network for demos/command.toml: a stand-in for a trainer of your own.

Reads one network (JSON) from standard input and prints {"score": NUMBER} as its last line; higher is
better. Whatever it prints before goes to the evaluation's log.
"""

import json
import math
import os
import sys

network = json.load(sys.stdin)
units = [layer["units"] for layer in network["layers"] if "units" in layer]
print(f"evaluation {os.environ['NASBOT_EVALUATION']}: {len(units)} hidden layers, {sum(units)} units")

if not units:
    print(json.dumps({"failed": "impossible-shape", "message": "there is no hidden layer"}))
    sys.exit()

# A toy: wants about five hidden layers of about a hundred units, and shortcuts between them.
depth = math.exp(-((len(units) - 5) ** 2) / 8)
width = math.exp(-((math.log(sum(units) / len(units)) - math.log(100)) ** 2))
shortcuts = len(network["edges"]) - len(network["layers"]) + 1
score = depth + width + 0.1 * min(shortcuts, 5)
print(json.dumps({"score": score, "metrics": {"depth": depth, "width": width, "shortcuts": shortcuts}}))
