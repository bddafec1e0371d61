#!/usr/bin/env bash
# Measures `nasbot report` and `nasbot serve`: the page of 1,000 evaluations with curves, and the server on 100,000.
#
#     scripts/bench-report.sh [--bin FOLDER]    the folder that holds nasbot [default: target/release, built]
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$repo"

bin=
while [ $# -gt 0 ]; do
    case $1 in
        --bin) bin=$2; shift 2 ;;
        *) die "what is $1? See the head of $0" ;;
    esac
done
need_packages python3=python3 chromium=chromium chromedriver=chromium-driver
if [ -z "$bin" ]; then
    need_cargo
    cargo build --release -p nasbot-cli
    bin=${CARGO_TARGET_DIR:-$repo/target}/release
fi
exec python3 scripts/bench-report.py "$bin/nasbot"
