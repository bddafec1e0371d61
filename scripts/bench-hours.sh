#!/usr/bin/env bash
# How long a search trains until its network is as good as the one that full trainings find: full trainings, trainings that stop at
# rungs, trainings that inherit weights, both, and random networks with rungs as the rival. Searches run one after the other, with one
# worker of one thread; each is a study that goes on where it stopped, so that this can be interrupted at any time.
#
#     --data NAME          digits, naval or protein; may be repeated (default: all)
#     --row NAME           full, rungs, inherit, both or random; may be repeated (default: all)
#     --seeds N            seeds 1 to N (default: 5)
#     --evaluations N      full trainings of the search to which the others are compared (default: 24)
#     --datasets DIR       where the data are (default: datasets, else ../shared/datasets)
#     --state DIR          where the studies are (default: TARGET/bench-hours)
#     --bin DIR            use the programs in DIR (default: build them)
#     --table              run nothing, print what is finished
#     --help               this text
#
# How it is measured, and figures: docs/measurements/training-hours.md.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

target=${CARGO_TARGET_DIR:-$repo/target}
state=$target/bench-hours bin= datasets= only_table=no arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    case $1 in
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        --table) only_table=yes; arguments+=("$1"); shift; continue ;;
        --data | --row | --seeds | --evaluations | --datasets | --state | --bin)
            [ $# -ge 2 ] || die "$1 needs a value; see --help" ;;
        *) die "unknown argument '$1'; see --help" ;;
    esac
    case $1 in
        --datasets) datasets=$2 ;;
        --state) state=$2 ;;
        --bin) bin=$(cd "$2" && pwd) ;;
        *) arguments+=("$1" "$2") ;;
    esac
    shift 2
done
[ -n "$datasets" ] || find_datasets
need_packages python3=python3
mkdir -p "$state"
if [ "$only_table" = no ] && [ -z "$bin" ]; then
    build_programs
fi
[ -z "$bin" ] || export NASBOT_WORKER=$bin/nasbot-worker
export OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1
exec python3 "$repo/scripts/bench-hours.py" --repo "$repo" --datasets "$datasets" --state "$state" --bin "$bin" "${arguments[@]}"
