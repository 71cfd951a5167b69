#!/bin/sh
# Makes build/plugin.wasm, with the SDK that the link `.sdk` leads to.
set -eu
cd "$(dirname "$0")"
sdk=.sdk/sdk/javascript
[ -d $sdk ] || { echo "the SDK is not here: run \`tandem plugin sdk --link\` in $PWD" >&2; exit 1; }
install() { npm install --no-audit --no-fund --silent "$@"; }
# What the project itself depends on. The SDK is a link, which is laid already.
if [ ! -f node_modules/.package-lock.json ] && grep -q '"dependencies"' package.json; then
    echo "installing the packages of package.json from npm" >&2
    install
fi
# What the SDK builds with comes from npm, once, unless it lies beside the SDK already.
for package in componentize-qjs esbuild smol-toml; do
    for place in $sdk . .tools; do
        [ ! -d "$place/node_modules/$package" ] || continue 2
    done
    echo "installing componentize-qjs, esbuild and smol-toml from npm into .tools" >&2
    install --prefix .tools componentize-qjs@0.4.5 esbuild@0.25 smol-toml@1
    break
done
exec node $sdk/bin/tandem-sdk.js build . -o build/plugin.wasm
