#!/usr/bin/env bash
# Sets up what the tests need and runs every check of the project. Run it from anywhere, as often
# as you like. `.ci/run` calls exactly this.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$repo"

need_cargo
need_packages c++=g++ python3=python3 pip3=python3-pip pkg-config=pkg-config curl=curl \
    '/usr/lib/*/libopenblas.so=libopenblas-dev'

step "formatting"
cargo fmt --all --check

step "licences and banned dependencies"
deny=$cache/tools/bin/cargo-deny
if ! [ -x "$deny" ]; then
    cargo install --quiet --locked --root "$cache/tools" cargo-deny@0.20.2
fi
"$deny" --log-level error --all-features check licenses bans sources

step "lints without libtorch"
cargo clippy --workspace --all-targets -- -D warnings
cargo clippy -p gp --all-targets --features lapack -- -D warnings

# Vector instructions that this machine may not have are at least compiled.
step "the distance for aarch64"
if command -v rustup > /dev/null && rustup target add aarch64-unknown-linux-gnu; then
    cargo clippy -p otmann --lib --target aarch64-unknown-linux-gnu -- -D warnings
else
    echo "left out: this Rust has no standard library for aarch64"
fi

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

step "tests without libtorch"
cargo test --workspace
step "tests of the LAPACK back-end"
cargo test -p gp --features lapack

step "tables in the format Parquet"
cargo clippy -p nasbot-cli -p nn-train --all-targets --features parquet -- -D warnings
cargo test -p nn-train --features parquet --test it -- parquet
cargo test -p nn-train --features parquet --test damage

step "the script that fetches data sets"
./scripts/test-get-dataset.py

step "libtorch"
libtorch=$(./scripts/libtorch.sh)
eval "$libtorch"

step "lints and tests with libtorch"
cargo clippy -p nn-train --all-targets --features torch -- -D warnings
cargo test -p nn-train --features torch

step "the program with a real worker"
cargo build -p nn-train --features torch --bin nasbot-worker
NASBOT_WORKER="${CARGO_TARGET_DIR:-$repo/target}/debug/nasbot-worker" \
    cargo test -p nasbot-cli --test it -- torch

step "the check of a GPU, on the processor where there is none"
./scripts/check-gpu.sh --quick --bin "${CARGO_TARGET_DIR:-$repo/target}/debug"

# ChromeDriver ends the browsers that it starts, and the tests end ChromeDriver.
step "the pages in a real browser"
need_packages chromium=chromium chromedriver=chromium-driver
NASBOT_TEST_BROWSER=chromedriver cargo test -p nasbot-cli --test it -- browser --test-threads 2

step "exported models on raw rows and pictures"
./scripts/check-export.sh --bin "${CARGO_TARGET_DIR:-$repo/target}/debug"

step "the ready objectives of one's own"
./scripts/check-objectives.sh --bin "${CARGO_TARGET_DIR:-$repo/target}/debug"

step "the commands of the documentation"
./scripts/check-book.py --bin "${CARGO_TARGET_DIR:-$repo/target}/debug"

step "a real Slurm"
slurm=$(mktemp -d)
if exports=$(./scripts/slurm.sh start "$slurm"); then
    trap './scripts/slurm.sh stop "$slurm"; rm -rf "$slurm"' EXIT
    (
        eval "$exports"
        NASBOT_TEST_SLURM=$repo/scripts/slurm.sh cargo test -p nasbot --test backends -- slurm
    )
    ./scripts/slurm.sh stop "$slurm"
    trap - EXIT
else
    step "LEFT OUT: the tests over a real Slurm, since none could be started; the reason stands above"
fi
rm -rf "$slurm"

step "a real Ray"
ray=$(mktemp -d)
if exports=$(./scripts/ray.sh start "$ray"); then
    trap './scripts/ray.sh stop "$ray"; rm -rf "$ray"' EXIT
    (
        eval "$exports"
        NASBOT_TEST_RAY=$ray cargo test -p nasbot --test backends -- ray::
    )
    ./scripts/ray.sh stop "$ray"
    trap - EXIT
else
    step "LEFT OUT: the tests over a real Ray, since none could be started; the reason stands above"
    ./scripts/ray.sh stop "$ray"
fi
rm -rf "$ray"

# With the programs that have been built for the tests; `scripts/torture.sh` has further rows.
step "kills and cuts at random instants, and a search computed again"
./scripts/torture.sh --quick --only kill,cut,replay --bin "${CARGO_TARGET_DIR:-$repo/target}/debug"

step "all checks passed"
