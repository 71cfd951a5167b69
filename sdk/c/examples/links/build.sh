#!/bin/sh
# Makes build/plugin.wasm with the SDK of this source tree, or that of TANDEM_SDK.
set -eu
cd "$(dirname "$0")"
exec sh "${TANDEM_SDK:-../../..}/c/build.sh" build/plugin.wasm ./*.c
