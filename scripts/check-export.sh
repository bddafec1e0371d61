#!/usr/bin/env bash
# Feeds raw rows and pictures to `nasbot predict`, to the ONNX file and to model.py of small models that are trained for it, and
# compares: scripts/check-export.py says which models and how. It takes a minute or two.
#
#     scripts/check-export.sh [--bin DIR] [PYTHON]
#
#     --bin DIR   the folder with the programs nasbot and nasbot-worker (default: they are built, unoptimised)
#     PYTHON      has numpy and onnxruntime (default: an environment of its own, which is made once: 0.2 GB to fetch); where it also
#                 has torch, the whole of model.py is run, else only those parts of it that need none
set -euo pipefail
. "$(dirname "$0")/lib.sh"

bin= python=
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        --bin) [ $# -ge 2 ] || die "--bin needs a folder"; bin=$(cd "$2" && pwd); shift ;;
        -*) die "unknown argument '$1'; see --help" ;;
        *) python=$1 ;;
    esac
    shift
done

if [ -z "$python" ]; then
    need_packages python3=python3
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or newer is needed"
    env=$cache/export
    python=$env/bin/python
    # One version, so that a run tells of changes of ours alone.
    wanted=onnxruntime==1.32.0
    if ! [ -e "$env/$wanted" ]; then
        step "installing $wanted into $env"
        python3 -m venv "$env" >&2 || die "that failed; on Debian: apt-get install python3-venv"
        "$python" -m pip install --quiet --disable-pip-version-check numpy "$wanted" >&2 || die "pip failed, see above: is PyPI reachable?"
        touch "$env/$wanted"
    fi
fi
if [ -z "$bin" ]; then
    need_cargo
    libtorch=$("$repo/scripts/libtorch.sh")
    eval "$libtorch"
    (
        cd "$repo"
        cargo build --quiet -p nasbot-cli
        cargo build --quiet -p nn-train --features torch --bin nasbot-worker
    ) >&2
    bin=${CARGO_TARGET_DIR:-$repo/target}/debug
fi
for program in nasbot nasbot-worker; do
    [ -x "$bin/$program" ] || die "$bin holds no program $program"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Tables that are read are not kept for the next time.
XDG_CACHE_HOME=$work/cache NASBOT_WORKER=$bin/nasbot-worker \
    "$python" "$repo/scripts/check-export.py" "$bin/nasbot" "$work/models"
