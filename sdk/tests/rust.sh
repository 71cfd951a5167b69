#!/bin/sh
# Tests the Rust template and examples. Called by sdk/test.sh; the SDK itself is tested with the workspace.
set -eu
LANGUAGE=rust
. sdk/tests/common.sh

command -v cargo > /dev/null || skip "needs cargo: https://rustup.rs"
{ rustup target list --installed 2> /dev/null | grep -qx wasm32-wasip2; } || rustup target add wasm32-wasip2 \
    || skip "the target wasm32-wasip2 cannot be had from rustup"
sh sdk/packages.sh rust
# Kept between runs, so that dependencies are compiled once.
export CARGO_TARGET_DIR="$WORK/rust/target"
projects
for project in "$HERE"/*/; do
    # The versions that the workspace was tested with.
    cp Cargo.lock "$project"
    (cd "$project" && cargo test) > "$project/unit.log" 2>&1 \
        || { cat "$project/unit.log"; echo "FAIL  $(basename "$project"): cargo test"; exit 1; }
    echo "ok    $(basename "$project"): cargo test"
done
drive
sends_by_request links notes words
