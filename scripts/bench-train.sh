#!/usr/bin/env bash
# Training throughput, memory and start-up of nn-train beside eager PyTorch 2.11 in Python, on one thread: ten networks
# of every kind. Throughput is in steps a second of processor time, both sides in turns.
#
#     scripts/bench-train.sh [--quick] [--json FILE|-] [--python PYTHON]
#
# PYTHON must have torch 2.11; without it PyTorch is fetched into a throw-away environment (2.7 GB).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=6 json="" python=""
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) seconds=1 ;;
    --json) json="${2:?--json needs a file or -}"; shift ;;
    --python) python="${2:?--python needs a program}"; shift ;;
    *) echo "unknown argument '$1': use --quick, --json FILE or --python PYTHON" >&2; exit 2 ;;
  esac
  shift
done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
if [ -z "$python" ]; then
  echo "fetching PyTorch 2.11.0 into a throw-away environment (2.7 GB)" >&2
  python3 -m venv "$work/env"
  "$work/env/bin/python" -m pip install --quiet torch==2.11.0 numpy
  python="$work/env/bin/python"
fi
libtorch="$(scripts/libtorch.sh)"
eval "$libtorch"
cargo build --quiet --release -p nn-train --features torch --example throughput --bin nasbot-worker
programs="${CARGO_TARGET_DIR:-target}/release"
"$programs/examples/throughput" prepare "$work/networks"
"$python" scripts/bench-train.py "$programs/examples/throughput" "$programs/nasbot-worker" "$work/networks" "$seconds" ${json:+"$json"}
