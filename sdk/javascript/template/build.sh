#!/bin/sh
# Makes build/plugin.wasm. With TANDEM_SDK (a directory that holds the SDKs) the SDK comes from there, else from npm.
set -eu
cd "$(dirname "$0")"
if [ -n "${TANDEM_SDK:-}" ]; then
    # What the SDK itself needs still comes from npm, once, unless it lies beside the SDK already.
    if [ ! -d "$TANDEM_SDK/javascript/node_modules/componentize-qjs" ] && [ ! -d .tools/node_modules/componentize-qjs ]; then
        echo "installing componentize-qjs and esbuild from npm into .tools" >&2
        npm install --no-audit --no-fund --silent --prefix .tools componentize-qjs@0.4.5 esbuild@0.25
    fi
    exec node "$TANDEM_SDK/javascript/bin/tandem-sdk.js" build . -o build/plugin.wasm
fi
[ -d node_modules ] || npm install --no-audit --no-fund --silent
exec npx --no-install tandem-sdk build . -o build/plugin.wasm
