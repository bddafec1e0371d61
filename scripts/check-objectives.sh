#!/usr/bin/env bash
# Runs the ready objectives of demos/ as their users would: one network by hand, then a short search that must end well. That in
# Rust runs as an example of the crate nasbot; that with scikit-learn in an environment that is made once (150 MB to fetch); that with
# PyTorch where a Python is given that has it, and then its accuracy is compared with that of nasbot's own worker.
#
#     scripts/check-objectives.sh [--bin FOLDER] [PYTHON]
#
# FOLDER holds nasbot and, for PYTHON, nasbot-worker [default: target/debug]. PYTHON must have torch and numpy.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$repo"
bin=${CARGO_TARGET_DIR:-target}/debug python=
while [ $# -gt 0 ]; do
    case "$1" in
        --bin) bin=$2; shift ;;
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        *) python=$1 ;;
    esac
    shift
done
nasbot=$(realpath "$bin")/nasbot
[ -x "$nasbot" ] || die "there is no $nasbot: cargo build -p nasbot-cli"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step "the objective in Rust"
cargo run --quiet -p nasbot --example own_evaluator -- "$work/rust.nasbot.db" | tail -n 2
"$nasbot" show "$work/rust.nasbot.db" --format json > /dev/null

step "the objective with scikit-learn"
state=$cache/objectives
if ! [ -e "$state/complete" ]; then
    rm -rf "$state"
    python3 -m venv "$state" || die "that failed; on Debian: apt-get install python3-venv"
    "$state/bin/python" -m pip install --quiet --disable-pip-version-check scikit-learn==1.9.1
    touch "$state/complete"
fi
# `python3` in the demos is then the one of the environment.
PATH=$state/bin:$PATH "$nasbot" evaluate demos/objective-sklearn/search.toml demos/objective-sklearn/network.json --format json > "$work/one.json"
PATH=$state/bin:$PATH "$nasbot" search demos/objective-sklearn/search.toml --study "$work/sklearn.nasbot.db" --evaluations 4 --format json > "$work/search.json"
"$state/bin/python" - "$work" << 'PYTHON'
import json, sys
one = json.load(open(sys.argv[1] + "/one.json"))
search = json.load(open(sys.argv[1] + "/search.json"))
print(f"by hand: loss {one['metrics']['loss']:.4f}; the best of a search: {search['best']['metrics']['loss']:.4f}")
assert one["score"] == -one["metrics"]["loss"] and one["metrics"]["accuracy"] > 0.9
assert search["failed"] == 0 and search["best"]["score"] == -search["best"]["metrics"]["loss"]
PYTHON

if [ -z "$python" ]; then
    step "LEFT OUT: the objective with PyTorch; name a PYTHON that has torch"
    exit 0
fi
step "the objective with PyTorch beside nasbot's own worker"
mkdir "$work/bin"
# A link would not find the environment that the Python is of.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$(realpath -s "$python")" > "$work/bin/python3"
chmod +x "$work/bin/python3"
network=demos/objective-python/network.json
PATH=$work/bin:$PATH "$nasbot" evaluate demos/objective-python/search.toml "$network" --format json > "$work/theirs.json"
libtorch=$(scripts/libtorch.sh)
eval "$libtorch"
NASBOT_WORKER=$(realpath "$bin")/nasbot-worker "$nasbot" evaluate demos/digits-cnn.toml "$network" --format json > "$work/ours.json"
"$python" - "$work" << 'PYTHON'
import json, sys
theirs, ours = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("theirs", "ours"))
print(f"accuracy {theirs['score']:.4f} by the demo, {ours['score']:.4f} by nasbot-worker")
# On some 360 pictures that both do not train on, divided differently: four standard errors of their difference.
error = (sum(p * (1 - p) for p in (theirs["score"], ours["score"])) / 359) ** 0.5
assert abs(theirs["score"] - ours["score"]) < max(4 * error, 0.02), "they differ by more than chance"
assert theirs["metrics"]["parameters"] == ours["parameters"], "they have different numbers of parameters"
PYTHON
