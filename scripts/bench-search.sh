#!/usr/bin/env bash
# Measures the search strategies on problems with known answers: the paper's synthetic functions on
# networks, and NAS-Bench-201. Fixed seeds; an interrupted measurement goes on where it stopped.
#
#   scripts/bench-search.sh                                       everything (hours on one core)
#   scripts/bench-search.sh --problem synthetic-cnn --runs 20 --strategy nasbot
#   scripts/bench-search.sh --problem nb201-c100 --json -         JSON lines, nothing else
#   scripts/bench-search.sh --problem nb201-c100 --fidelity --strategy nasbot   what halving saves in training time
#   scripts/bench-search.sh --table T.csv.gz --column c100        another table of the same layout
#   scripts/bench-search.sh --deterministic                       queries without noise: how many find the table's best cell
#   scripts/bench-search.sh --objectives                          accuracy against latency, by hypervolume
#   scripts/bench-search.sh --within 0.3 --evaluations 60         accuracy where the latency is in the lowest 30 %
#   scripts/bench-search.sh --objectives --costs C.csv.gz --cost energy    other costs
#
# All other options: scripts/bench-search.sh --help
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$here/target}
state=${NASBOT_BENCH_STATE:-$target/bench-search}

given() { # whether an option is among the arguments
    local option=$1 argument
    shift
    for argument in "$@"; do
        case $argument in "$option" | "$option"=*) return 0 ;; esac
    done
    return 1
}

extra=(--state "$state")
# --column alone means the problem `table`.
if given --column "$@" && ! given --problem "$@"; then
    extra+=(--problem table)
fi
if ! given --table "$@" && ! given --help "$@" && ! given -h "$@"; then
    table=${NASBOT_NB201:-$here/../shared/reference/nb201.csv.gz}
    if [[ -f $table ]]; then
        extra+=(--table "$table")
    elif ! given --problem "$@"; then
        echo "bench-search: no table of NAS-Bench-201 at $table; only the synthetic functions are measured" >&2
        echo "bench-search: give one with --table FILE.csv.gz or NASBOT_NB201" >&2
        extra+=(--problem synthetic-cnn --problem synthetic-mlp)
    fi
fi
if { given --objectives "$@" || given --within "$@"; } && ! given --costs "$@"; then
    costs=${NASBOT_COSTS:-$here/../shared/reference/hwnas201_edgegpu.csv.gz}
    if [[ -f $costs ]]; then
        extra+=(--costs "$costs")
    fi
fi
if ! given --svg "$@" && ! given --json "$@" && ! given --help "$@" && ! given -h "$@"; then
    mkdir -p "$state"
    extra+=(--svg "$state/curves.svg")
fi

cd "$here"
echo "bench-search: building" >&2
cargo build --quiet --release --package nasbot-opt --example bench-search >&2
cd - >/dev/null
exec "$target/release/examples/bench-search" "${extra[@]}" "$@"
