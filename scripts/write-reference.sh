#!/usr/bin/env bash
# Writes what follows from the types of a search description and their documentation: the reference page and the commented example.
# A test of nasbot-cli (`reference`) fails where a file differs from what this writes.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build -p nasbot-cli
nasbot=${CARGO_TARGET_DIR:-target}/debug/nasbot
"$nasbot" schema --format markdown > docs/configuration.md
"$nasbot" schema --format example > demos/every-key.toml
