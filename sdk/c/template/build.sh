#!/bin/sh
# Makes build/plugin.wasm, with the SDK that the link `.sdk` leads to.
set -eu
cd "$(dirname "$0")"
[ -d .sdk/sdk/c ] || { echo "the SDK is not here: run \`tandem plugin sdk --link\` in $PWD" >&2; exit 1; }
exec sh .sdk/sdk/c/build.sh build/plugin.wasm ./*.c
