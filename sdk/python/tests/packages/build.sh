#!/bin/sh
# Makes build/plugin.wasm with the SDK of this source tree, or that of TANDEM_SDK.
set -eu
cd "$(dirname "$0")"
PYTHONPATH="${TANDEM_SDK:-../../..}/python/src" exec python3 -m tandem_sdk build . -o build/plugin.wasm
