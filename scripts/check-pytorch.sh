#!/usr/bin/env bash
# Checks every layer against PyTorch: the exported programs of some 400 networks, with the same weights and inputs,
# must give the same outputs and gradients in Python, in both layouts of images and in 64-bit floats. Then trained models must
# say the same of raw rows and pictures as `nasbot predict`: scripts/check-export.sh, which runs without PyTorch too, but then
# leaves out most of model.py.
#
#     scripts/check-pytorch.sh [PYTHON]
#
# PYTHON must have torch 2.11, numpy and onnxruntime; without it PyTorch is fetched into a throw-away environment (2.7 GB).
set -euo pipefail
cd "$(dirname "$0")/.."
python="${1:-}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
if [ -z "$python" ]; then
  echo "fetching PyTorch 2.11.0 into a throw-away environment (2.7 GB)"
  python3 -m venv "$work/env"
  "$work/env/bin/python" -m pip install --quiet torch==2.11.0 numpy onnxruntime
  python="$work/env/bin/python"
fi
libtorch="$(scripts/libtorch.sh)"
eval "$libtorch"
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
cargo run --quiet -p nn-train --features torch --example parity -- "$work/networks"
"$python" scripts/check-pytorch.py "$work/networks"

"$python" -c 'import numpy, onnxruntime' || { echo "$python has no numpy or no onnxruntime, with which exported files are checked"; exit 1; }
scripts/check-export.sh "$python"
cargo build --quiet -p nn-train --features torch --bin nasbot-worker
scripts/check-objectives.sh "$python"
