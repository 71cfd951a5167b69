#!/bin/sh
# Builds build/plugin.wasm: a component that knows nothing of Tandem.
set -eu
cd "$(dirname "$0")"
node build.mjs "$TANDEM_SDK/javascript/node_modules" build/plugin.wasm
