#!/usr/bin/env bash
# Compares searches of networks alone, with the learning rate and the batch of the description, with searches that tune both ([tune]): the test score
# of the network that each returns, trained once more on training and validation data. The descriptions are those of demos/real-data, with
# trainings of about a second. Searches run one after the other, with one worker of one thread; each is a study that goes on where it
# stopped, so that this can be interrupted at any time.
#
#     --data NAME          digits or protein; may be repeated (default: both)
#     --row NAME           fixed or tuned; may be repeated (default: both)
#     --seeds N            seeds 1 to N (default: 5)
#     --evaluations N      evaluations of a search (default: 40)
#     --datasets DIR       where the data are (default: datasets, else ../shared/datasets)
#     --state DIR          where the studies are (default: TARGET/bench-tune)
#     --bin DIR            use the programs in DIR (default: build them)
#     --table              run nothing, print what is finished
#     --json -             print JSON, one line for each data set and row, and no table
#     --help               this text
set -euo pipefail
. "$(dirname "$0")/lib.sh"

target=${CARGO_TARGET_DIR:-$repo/target}
data=() rows=() seeds=5 evaluations=40 datasets= state=$target/bench-tune bin= only_table=no json=no
while [ $# -gt 0 ]; do
    case $1 in
        --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    case $1 in
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        --table) only_table=yes; shift; continue ;;
        --data | --row | --seeds | --evaluations | --datasets | --state | --bin | --json)
            [ $# -ge 2 ] || die "$1 needs a value; see --help" ;;
        *) die "unknown argument '$1'; see --help" ;;
    esac
    case $1 in
        --data) data+=("$2") ;;
        --row) rows+=("$2") ;;
        --seeds) seeds=$2 ;;
        --evaluations) evaluations=$2 ;;
        --datasets) datasets=$2 ;;
        --state) state=$2 ;;
        --bin) bin=$2 ;;
        --json) [ "$2" = - ] || die "--json prints to standard output: --json -"; json=yes ;;
    esac
    shift 2
done
[ ${#data[@]} -gt 0 ] || data=(digits protein)
[ ${#rows[@]} -gt 0 ] || rows=(fixed tuned)
for number in "$seeds" "$evaluations"; do
    [[ $number =~ ^[1-9][0-9]*$ ]] || die "--seeds and --evaluations must be whole numbers from 1, not '$number'"
done
[ -n "$datasets" ] || find_datasets

# tune DATA: the section of a search that tunes, around the values of the description.
tune() {
    case $1 in
        digits) printf '\n[tune]\nlearning-rate = { low = 0.01, high = 0.5, log = true }\nbatch = [16, 32, 64]\n' ;;
        protein) printf '\n[tune]\nlearning-rate = { low = 1e-3, high = 0.1, log = true }\nbatch = [128, 256, 512]\n' ;;
        *) die "no data set '$1': there are digits and protein" ;;
    esac
}

for name in "${data[@]}"; do
    tune "$name" >/dev/null
    [ "$only_table" = yes ] || [ -d "$datasets/$name" ] ||
        die "$datasets/$name is missing: fetch it with scripts/get-dataset.sh, or say where it is with --datasets"
done
for row in "${rows[@]}"; do
    [ "$row" = fixed ] || [ "$row" = tuned ] || die "no row '$row': there are fixed and tuned"
done
mkdir -p "$state"
state=$(cd "$state" && pwd)

if [ "$only_table" = no ]; then
    datasets=$(cd "$datasets" && pwd)
    if [ -z "$bin" ]; then
        build_programs
    fi
    export NASBOT_WORKER=$bin/nasbot-worker OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1
    # A seed of everything before the next seed: what is finished can be compared at any time.
    for seed in $(seq "$seeds"); do
        for name in "${data[@]}"; do
            for row in "${rows[@]}"; do
                run=$state/$name-$row-$seed
                [ ! -e "$run.json" ] || continue
                sed -e "s|\"../../datasets/|\"$datasets/|" -e "s|^evaluations = .*|evaluations = $evaluations|" \
                    "$repo/demos/real-data/$name.toml" >"$run.toml"
                [ "$row" = fixed ] || tune "$name" >>"$run.toml"
                step "$name, $row, seed $seed"
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

exec "$repo/scripts/bench-real-table.py" "$state" "$json" "$seeds" "${data[*]}" "${rows[*]}"
