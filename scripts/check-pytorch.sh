#!/usr/bin/env bash
# Checks every layer against PyTorch: the exported programs of some 400 networks, with the same weights and inputs,
# must give the same outputs and gradients in Python, in both layouts of images and in 64-bit floats. Then trains one on
# the digits with `nasbot train`, and the exported files must reach in Python, on raw test images, the score that nasbot
# reports.
#
#     scripts/check-pytorch.sh [PYTHON]
#
# PYTHON must have torch 2.11; without it PyTorch is fetched into a throw-away environment (2.7 GB).
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

cargo build --quiet -p nasbot-cli
cargo build --quiet -p nn-train --features torch --bin nasbot-worker
"$python" scripts/check-export.py prepare "$work/export" datasets/digits/digits.csv.gz
programs="${CARGO_TARGET_DIR:-$PWD/target}/debug"
NASBOT_WORKER="$programs/nasbot-worker" "$programs/nasbot" train "$work/export/net.json" \
  --config "$work/export/digits.toml" --out "$work/export/model" --format json --quiet >"$work/export/figures.json"
"$python" scripts/check-export.py compare "$work/export"
