#!/usr/bin/env bash
# Proves that training works on this machine's GPU, and how well it uses it: starts, throughput beside PyTorch, equality of
# processor and card, repeated seeds, several workers on one card, neighbours and missing cards, memory. Makes its own data. Where
# there is no GPU it says so and runs the same parts on the processor, with smaller sizes.
#
#     scripts/check-gpu.sh [--bin DIR] [--python PYTHON] [--quick] [--only PARTS] [--json -]
#
#     --bin DIR        the folder with nasbot and nasbot-worker (default: target/release, else target/debug)
#     --python PYTHON  has torch 2.11, for the rows beside PyTorch, which are left out without it (default: python3)
#     --quick          less of everything: about two minutes in place of five
#     --only PARTS     some parts, with commas between: start, throughput, equal, seed, workers, trouble, memory
#     --json -         print JSON, one line for each row, and nothing else
#     --help           this text
#
# What a card does: docs/measurements/gpu.md.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

bin= python=python3 arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        --quick) arguments+=("$1"); shift; continue ;;
        --bin | --python | --only | --json) [ $# -ge 2 ] || die "$1 needs a value; see --help" ;;
        *) die "unknown argument '$1'; see --help" ;;
    esac
    case $1 in
        --bin) bin=$2 ;;
        --python) python=$2 ;;
        *) arguments+=("$1" "$2") ;;
    esac
    shift 2
done
target=${CARGO_TARGET_DIR:-$repo/target}
for folder in "$target/release" "$target/debug"; do
    [ -z "$bin" ] && [ -x "$folder/nasbot-worker" ] && bin=$folder
done
for program in nasbot nasbot-worker; do
    [ -x "$bin/$program" ] || die "${bin:-$target} holds no program $program: build them as scripts/quickstart.sh does, or say --bin DIR"
done
exec "$python" "$repo/scripts/check_gpu" --bin "$(cd "$bin" && pwd)" "${arguments[@]}"
