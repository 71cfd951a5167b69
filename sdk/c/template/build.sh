#!/bin/sh
# Makes build/plugin.wasm, by the SDK in TANDEM_SDK (a directory that holds the SDKs).
set -eu
cd "$(dirname "$0")"
: "${TANDEM_SDK:?set it to the directory that holds the SDKs; \`tandem dev\` does}"
exec sh "$TANDEM_SDK/c/build.sh" build/plugin.wasm ./*.c
