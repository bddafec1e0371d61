#!/usr/bin/env bash
# From a clone to a found network: sets everything up, builds, and searches small convolutional networks for
# handwritten digits. Run it from anywhere, as often as you like: every run is a new search with a study
# of its own, the studies of earlier runs stay.
#
#     --seed N    another search (default: NASBOT_SEED, else 1)
#     --help      this text
#
# The first run fetches libtorch (544 MB without a GPU) and compiles; later ones only search.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

seed=${NASBOT_SEED:-1}
while [ $# -gt 0 ]; do
    case $1 in
        --seed) seed=${2:?--seed needs a number}; shift ;;
        --seed=*) seed=${1#--seed=} ;;
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        *) die "unknown argument '$1'; see --help" ;;
    esac
    shift
done
[[ $seed =~ ^[0-9]+$ ]] || die "the seed must be a whole number, not '$seed'"

from=$PWD
cd "$repo"
need_cargo
need_packages c++=g++ python3=python3 pip3=python3-pip

step "libtorch"
libtorch=$(./scripts/libtorch.sh)
eval "$libtorch"

# Two builds on purpose: in one, nasbot would link libtorch too.
step "building nasbot (release)"
cargo build --release --locked -p nasbot-cli
step "building the worker (release)"
cargo build --release --locked -p nn-train --features torch --bin nasbot-worker

programs=${CARGO_TARGET_DIR:-$repo/target}/release
cd "$from"
study=digits-small.nasbot.db
if [ -e "$study" ]; then
    step "searching anew: $study is an earlier run's (to go on with it: $programs/nasbot resume $study)"
else
    step "searching: about three minutes; Ctrl-C stops, and nothing is lost"
fi
NASBOT_WORKER=$programs/nasbot-worker \
    "$programs/nasbot" search "$repo/demos/digits-small.toml" --fresh --seed "$seed"

step "done; the program is $programs/nasbot (put it on your PATH to type just nasbot)"
