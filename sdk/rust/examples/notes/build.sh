#!/bin/sh
# Makes build/plugin.wasm with the SDK of this source tree, or that of TANDEM_SDK.
set -eu
cd "$(dirname "$0")"
ln -sfn "$(cd "${TANDEM_SDK:-../../..}/.." && pwd)" .sdk
target=wasm32-wasip2
# A guest's stack and first memory: a memory that never grows inside a call costs no system call.
export CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS="-Clink-arg=-zstack-size=131072 -Clink-arg=--initial-memory=524288"
cargo build --target $target --release
mkdir -p build
cp "${CARGO_TARGET_DIR:-target}/$target/release/$(basename "$PWD").wasm" build/plugin.wasm
