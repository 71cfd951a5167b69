#!/bin/sh
# Makes build/plugin.wasm. With TANDEM_SDK (a directory that holds the SDKs) the SDK comes from there, else from npm.
set -eu
cd "$(dirname "$0")"
install() { npm install --no-audit --no-fund --silent "$@"; }
# What the project itself depends on.
if [ ! -d node_modules ] && grep -q 'ependencies"' package.json; then
    echo "installing the packages of package.json from npm" >&2
    install
fi
if [ -n "${TANDEM_SDK:-}" ]; then
    # What the SDK itself needs still comes from npm, once, unless it lies beside the SDK already.
    for package in componentize-qjs esbuild smol-toml; do
        [ ! -d "$TANDEM_SDK/javascript/node_modules/$package" ] && [ ! -d ".tools/node_modules/$package" ] || continue
        echo "installing componentize-qjs, esbuild and smol-toml from npm into .tools" >&2
        install --prefix .tools componentize-qjs@0.4.5 esbuild@0.25 smol-toml@1
        break
    done
    exec node "$TANDEM_SDK/javascript/bin/tandem-sdk.js" build . -o build/plugin.wasm
fi
# It is no entry of package.json: `npm install` of another package would fail wherever the SDK comes from elsewhere.
[ -x node_modules/.bin/tandem-sdk ] || install --no-save @tandem/sdk@0.1
exec npx --no-install tandem-sdk build . -o build/plugin.wasm
