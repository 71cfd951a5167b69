#!/bin/sh
# Makes build/plugin.wasm with the SDK of this source tree, or that of TANDEM_SDK.
set -eu
cd "$(dirname "$0")"
exec node "${TANDEM_SDK:-../../..}/javascript/bin/tandem-sdk.js" build . -o build/plugin.wasm
