#!/usr/bin/env bash
# Measures otmann side by side with POT 0.9.7.post1 on the same transport problems.
set -euo pipefail

pot_version=0.9.7.post1

usage() {
    cat <<'TEXT'
Usage: scripts/bench-otmann.sh [--quick] [--json FILE]

Builds otmann's instances (evolved networks, fixed seeds), installs POT into a throw-away Python
environment outside the checkout, sweeps the same transport problems with both, single thread, and
prints a table: thread CPU time, medians of several sweeps, taken in turns.

  --quick      fewer sweeps; under a minute once everything is built and fetched
  --json FILE  write the figures as JSON; with "-" print the JSON and nothing else
  --help       this text

Environment: PYTHON (default python3), OTMANN_BENCH_CACHE (default ~/.cache/otmann-bench).
TEXT
}

rounds=5 passes=9 json=
while [ $# -gt 0 ]; do
    case $1 in
        --quick) rounds=2 passes=5 ;;
        --json) json=${2:?--json needs a file name or -}; shift ;;
        --help | -h) usage; exit 0 ;;
        *) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
    esac
    shift
done

say() { echo "bench-otmann: $*" >&2; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${OTMANN_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/otmann-bench}
venv=$cache/venv-$pot_version
if ! "$venv/bin/python" -c 'import ot' 2>/dev/null; then
    say "installing POT $pot_version into $venv"
    mkdir -p "$cache"
    rm -rf "$venv"
    if ! "${PYTHON:-python3}" -m venv "$venv"; then
        say "could not make a Python environment; on Debian: apt-get install python3-venv"
        exit 1
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check "POT==$pot_version" >&2
fi

say "building the example side_by_side"
cd "$root"
target=$(cargo metadata --format-version 1 --no-deps | "$venv/bin/python" -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
cargo build --quiet --release -p otmann --example side_by_side >&2
program=$target/release/examples/side_by_side

instances=$(mktemp -d)
trap 'rm -rf "$instances"' EXIT
say "writing instances"
"$program" write "$instances"
say "measuring ($rounds rounds)"
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$venv/bin/python" "$root/scripts/bench-otmann.py" \
    "$program" "$instances" "$rounds" "$passes" "$json"
