#!/bin/sh
# Makes build/plugin.wasm, with the SDK that the link `.sdk` leads to.
# With TANDEM_DEV, as `tandem plugin dev` sets it, it is built to be built again soon; else to be small and fast.
set -eu
cd "$(dirname "$0")"
[ -d .sdk/sdk/rust ] || { echo "the SDK is not here: run \`tandem plugin sdk --link\` in $PWD" >&2; exit 1; }
target=wasm32-wasip2
# `tandem plugin dev` has looked.
[ -n "${TANDEM_DEV:-}" ] || rustup target list --installed 2> /dev/null | grep -qx $target || rustup target add $target
# A guest's stack and first memory: a memory that never grows inside a call costs no system call.
export CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS="-Clink-arg=-zstack-size=131072 -Clink-arg=--initial-memory=524288"
profile=release directory=release
[ -z "${TANDEM_DEV:-}" ] || profile=dev directory=debug
cargo build --target $target --profile $profile "$@"
mkdir -p build
cp "${CARGO_TARGET_DIR:-target}/$target/$directory/$(sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | head -n 1 | tr - _).wasm" build/plugin.wasm
