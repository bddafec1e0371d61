#!/usr/bin/env bash
# Kills, signals, full disks, moved studies, bad programs and mutants: what a search must survive, as a table.
# Bounded and repeatable; leaves no process, mount or file behind.
#
#   scripts/torture.sh                      every row (about an hour on two cores)
#   scripts/torture.sh --quick              every row, small (some minutes)
#   scripts/torture.sh --only kill,signals  some rows
#   scripts/torture.sh --json -             a JSON object a row, nothing else on standard output
#   scripts/torture.sh --bin FOLDER         the programs there, in place of a release build
#
# Damaged files of data are not among the rows, since what is read from them must be compared with what they say; ten thousand of
# them: NASBOT_MUTANTS=10000 cargo test -p nn-train --test damage -- --nocapture
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_packages python3=python3
if ! printf '%s\n' "$@" | grep -qE '^(--bin|--help|-h)(=|$)'; then
    need_cargo
    cargo build --quiet --release --manifest-path "$repo/Cargo.toml" -p nasbot-cli >&2
    cargo build --quiet --release --manifest-path "$repo/Cargo.toml" -p nasbot-opt --example bench-search >&2
    set -- --bin "${CARGO_TARGET_DIR:-$repo/target}/release" "$@"
fi
exec python3 "$repo/scripts/torture" --demos "$repo/demos" "$@"
