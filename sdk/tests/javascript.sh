#!/bin/sh
# Tests the JavaScript SDK. Called by sdk/test.sh.
set -eu
LANGUAGE=javascript
. sdk/tests/common.sh

node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2> /dev/null || skip "needs Node, 20 or later"
quiet() { "$@" > "$WORK/javascript/log" 2>&1 || { cat "$WORK/javascript/log"; return 1; }; }

[ -d sdk/javascript/node_modules/smol-toml ] \
    || quiet npm install --prefix sdk/javascript --no-audit --no-fund --no-package-lock || skip "componentize-qjs cannot be had from npm"
(cd sdk/javascript && quiet node --test tests/)
echo "ok    unit tests"
quiet npx -y -p typescript@5.9 tsc -p sdk/javascript/tests
echo "ok    types"

# The package as it would be published: whole, and able to build without the source tree.
rm -rf "$WORK/javascript/published"
mkdir -p "$WORK/javascript/published"
sh sdk/packages.sh javascript
projects
cp -r "$HERE/words" "$WORK/javascript/published/words"
(
    cd "$WORK/javascript/published/words"
    # As if it came from the registry, with no source tree around it.
    rm .sdk
    sed -i '/devDependencies/d; s/ },$/ }/' package.json
    quiet npm install --no-audit --no-fund --no-save "$WORK"/packages/javascript/*.tgz
    quiet npx --no-install tandem-sdk build . -o build/plugin.wasm
)
[ -s "$WORK/javascript/published/words/build/plugin.wasm" ]
echo "ok    the package builds components by itself"
# A component with typed exports of its own: the same tool chain, nothing of the SDK.
cp -r sdk/tests/stranger "$HERE/stranger"
sender
drive
