# Shared by the scripts beside it; source it, don't run it.
# shellcheck shell=bash

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/nasbot"

# step TEXT: says what begins now, with the seconds since the script started.
step() {
    printf '\n\033[1m==> [%4ds] %s\033[0m\n' "$SECONDS" "$*" >&2
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# need_packages PROBE=PACKAGE …: makes sure that each probe is there: a command on the path, or a
# file if it starts with "/". Installs the missing Debian packages as root; otherwise prints the
# one line that does.
need_packages() {
    local missing=() pair probe package
    for pair in "$@"; do
        probe=${pair%%=*} package=${pair#*=}
        case $probe in
            /*) compgen -G "$probe" >/dev/null || missing+=("$package") ;;
            *) command -v "$probe" >/dev/null || missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] && return
    local line="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        step "installing ${missing[*]}"
        bash -c "$line" >&2 || die "that failed; by hand: $line"
    else
        die "these packages are missing: run as root: $line"
    fi
}

need_cargo() {
    command -v cargo >/dev/null ||
        die "cargo is missing: install Rust 1.89 or newer (https://rustup.rs), then run this again"
}

# build_programs: builds nasbot and its worker for measurements; bin is their folder afterwards.
build_programs() {
    need_cargo
    local libtorch
    libtorch=$("$repo/scripts/libtorch.sh")
    eval "$libtorch"
    (
        cd "$repo"
        cargo build --quiet --release -p nasbot-cli
        cargo build --quiet --release -p nn-train --features torch --bin nasbot-worker
    ) >&2
    # shellcheck disable=SC2034
    bin=${CARGO_TARGET_DIR:-$repo/target}/release
}

# find_datasets: where the data of measurements are; datasets is their folder afterwards.
find_datasets() {
    datasets=$repo/datasets
    [ -d "$datasets/protein" ] || [ ! -d "$repo/../shared/datasets" ] || datasets=$repo/../shared/datasets
}
