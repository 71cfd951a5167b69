#!/bin/sh
# Generates bindings/ from the contract and http.wit; `--check` only says whether they are fresh. Installs wit-bindgen from crates.io into target/sdk, once.
set -eu
cd "$(dirname "$0")/../.."
VERSION=0.61.1
BIN=target/sdk/c/wit-bindgen/bin/wit-bindgen
if command -v wit-bindgen > /dev/null && wit-bindgen --version | grep -q "$VERSION"; then
    BIN=wit-bindgen
elif [ ! -x "$BIN" ]; then
    cargo install --quiet --debug --no-default-features --features c --root target/sdk/c/wit-bindgen wit-bindgen-cli@$VERSION
fi
OUT=sdk/c/bindings/tandem
[ "${1:-}" != --check ] || OUT=$(mktemp -d)
mkdir -p "$OUT"
"$BIN" c --world plugin --out-dir "$OUT" wit > /dev/null
# The part of wasi:http that all SDKs share.
HTTP=$(mktemp -d)
cp sdk/c/http.wit "$HTTP/"
cp -r sdk/http-client/deps "$HTTP/deps"
"$BIN" c --world http --out-dir "$OUT" "$HTTP" > /dev/null
rm -r "$HTTP"
if [ "${1:-}" = --check ]; then
    diff -r "$OUT" sdk/c/bindings/tandem || { echo "the bindings are not those of wit/ and http.wit: sh sdk/c/bindings.sh" >&2; exit 1; }
    rm -r "$OUT"
fi
