#!/usr/bin/env bash
# Compares search strategies on real data, as demos/real-data describes it: the test score of the network
# that each search returns, trained once more on training and validation data, and the best score in
# validation. Searches run one after the other, with one worker of one thread, every seed of every strategy.
# Each is a study that goes on where it stopped, so that this can be interrupted at any time.
#
#     --data NAME          digits, protein, naval, indoor, blog, mnist10k or cifar10-subset; may be repeated
#                          (default: the first four)
#     --strategy NAME      any of nasbot's strategies; may be repeated (default: nasbot, evolution, random)
#     --seeds N            seeds 1 to N (default: 3)
#     --datasets DIR       where the data are (default: datasets, else ../shared/datasets)
#     --state DIR          where the studies are (default: TARGET/bench-real)
#     --bin DIR            use the programs in DIR (default: build them)
#     --table              run nothing, print what is finished
#     --json -             print JSON, one line for each data set and strategy, and no table
#     --help               this text
#
# Figures: docs/measurements/real-data.md.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

target=${CARGO_TARGET_DIR:-$repo/target}
data=() strategies=() seeds=3 datasets= state=$target/bench-real bin= only_table=no json=no
while [ $# -gt 0 ]; do
    case $1 in
        --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    case $1 in
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        --table) only_table=yes; shift; continue ;;
        --data | --strategy | --seeds | --datasets | --state | --bin | --json)
            [ $# -ge 2 ] || die "$1 needs a value; see --help" ;;
        *) die "unknown argument '$1'; see --help" ;;
    esac
    case $1 in
        --data) data+=("$2") ;;
        --strategy) strategies+=("$2") ;;
        --seeds) seeds=$2 ;;
        --datasets) datasets=$2 ;;
        --state) state=$2 ;;
        --bin) bin=$2 ;;
        --json) [ "$2" = - ] || die "--json prints to standard output: --json -"; json=yes ;;
    esac
    shift 2
done
[ ${#data[@]} -gt 0 ] || data=(digits protein naval indoor)
[ ${#strategies[@]} -gt 0 ] || strategies=(nasbot evolution random)
[[ $seeds =~ ^[1-9][0-9]*$ ]] || die "--seeds must be a whole number from 1, not '$seeds'"
[ -n "$datasets" ] || find_datasets
for name in "${data[@]}"; do
    [ -e "$repo/demos/real-data/$name.toml" ] ||
        die "no data set '$name': there are $(cd "$repo/demos/real-data" && ls ./*.toml | sed 's|^\./||; s|\.toml$||' | xargs)"
    [ "$only_table" = yes ] || [ -d "$datasets/$name" ] ||
        die "$datasets/$name is missing: fetch it with scripts/get-dataset.sh, or say where it is with --datasets"
done
datasets=$(cd "$datasets" && pwd)
mkdir -p "$state"
state=$(cd "$state" && pwd)

if [ "$only_table" = no ]; then
    if [ -z "$bin" ]; then
        build_programs
    fi
    export NASBOT_WORKER=$bin/nasbot-worker OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1
    # A seed of everything before the next seed: what is finished can be compared at any time.
    for seed in $(seq "$seeds"); do
        for name in "${data[@]}"; do
            for strategy in "${strategies[@]}"; do
                run=$state/$name-$strategy-$seed
                [ ! -e "$run.json" ] || continue
                sed -e "s|\"../../datasets/|\"$datasets/|; s|\"start/|\"$repo/demos/real-data/start/|g" -e "s|^strategy = .*|strategy = \"$strategy\"|" \
                    "$repo/demos/real-data/$name.toml" >"$run.toml"
                step "$name, $strategy, seed $seed"
                # The study of an interrupted search goes on, but for one that had not yet begun.
                if [ -e "$run.nasbot.db" ] && "$bin/nasbot" show "$run.nasbot.db" >/dev/null 2>&1; then
                    "$bin/nasbot" resume "$run.nasbot.db" --quiet --format json >"$run.part"
                else
                    rm -rf "$run".nasbot.*
                    "$bin/nasbot" search "$run.toml" --study "$run.nasbot.db" --seed "$seed" --quiet --format json >"$run.part"
                fi
                mv "$run.part" "$run.json"
            done
        done
    done
fi

exec "$repo/scripts/bench-real-table.py" "$state" "$json" "$seeds" "${data[*]}" "${strategies[*]}"
