#!/usr/bin/env bash
# Compares a search with the default description on tables of numbers with what people would pick instead: ridge or
# logistic regression, a perceptron with scikit-learn's defaults, the best of 12 random perceptrons, a forest and boosting.
#
#     scripts/bench-tables.sh --make FOLDER [--datasets DIR]     writes tables to measure with
#     scripts/bench-tables.sh FOLDER [OPTIONS]                   measures every table in FOLDER
#
# A table is a file NAME.class.csv (accuracy) or NAME.reg.csv (R²): a header, one example a row, the label or target
# in the last column. 64 % of the rows are for training, 16 % for validation, 20 % for the test, the same rows for all.
#
#     --only NAMES         these tables alone, names with commas between
#     --splits N           random splits of each table (default: 5 of fewer than 2,000 rows, else 2)
#     --evaluations N      evaluations of each search (default: 25)
#     --extra FILE         TOML that goes into the description of each search, such as a [training] section
#     --seed N             the searches' seed (default: the program's)
#     --state DIR          keep the searches in DIR; those that have finished there with the same description are not
#                          run again (default: a folder that is deleted at the end)
#     --jobs N             searches at once (default: 1)
#     --bin DIR            use the programs in DIR (default: build them)
#     --rivals-only        run no search
#     --cache DIR          where scikit-learn and the others' results are kept (default: ~/.cache/nasbot/tables)
#     --json -             print JSON, one line for each table, and nothing else
#     --datasets DIR       with --make: also from the folders protein, naval, indoor, blog and news_subset in DIR
#     --help               this text
#
# How each is fitted, and figures: docs/measurements/tables.md.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

state=$cache/tables bin= rivals_only=no arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    case $1 in
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        --rivals-only) rivals_only=yes; arguments+=("$1"); shift; continue ;;
        --*) [ $# -ge 2 ] || die "$1 needs a value; see --help" ;;
        *) arguments+=("$1"); shift; continue ;;
    esac
    case $1 in
        --bin) bin=$(cd "$2" && pwd) ;;
        --cache) state=$2 ;;
        --make) rivals_only=yes; arguments+=("$1" "$2") ;;
        --only | --splits | --evaluations | --extra | --seed | --state | --jobs | --json | --datasets) arguments+=("$1" "$2") ;;
        *) die "unknown argument '$1'; see --help" ;;
    esac
    shift 2
done

need_packages python3=python3
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or newer is needed"
mkdir -p "$state"
state=$(cd "$state" && pwd)
python=$state/env/bin/python
# One version, so that the same rows give the same figures.
wanted=(scikit-learn==1.9.1)
if ! [ -e "$state/env/${wanted[0]}" ]; then
    step "installing ${wanted[0]} into $state/env"
    python3 -m venv "$state/env" >&2 || die "that failed; on Debian: apt-get install python3-venv"
    "$python" -m pip install --quiet --disable-pip-version-check "${wanted[@]}" >&2 || die "pip failed, see above: is PyPI reachable?"
    touch "$state/env/${wanted[0]}"
fi

if [ "$rivals_only" = no ]; then
    if [ -z "$bin" ]; then
        build_programs
    fi
    for program in nasbot nasbot-worker; do
        [ -x "$bin/$program" ] || die "$bin holds no program $program"
    done
    arguments+=(--nasbot "$bin/nasbot")
    export NASBOT_WORKER=$bin/nasbot-worker
fi

# The others compute with one thread each, so that a run's time does not depend on what else runs.
export OPENBLAS_NUM_THREADS=1
exec "$python" "$repo/scripts/bench-tables.py" --cache "$state" "${arguments[@]}"
