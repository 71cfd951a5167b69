#!/bin/sh
# Tests the C SDK. Called by sdk/test.sh.
set -eu
LANGUAGE=c
. sdk/tests/common.sh

command -v npm > /dev/null || skip "needs npm, for jco"
TOOLS=$WORK/c/tools
if ! [ -f /usr/lib/wasm32-wasi/libc.a ] && ! command -v zig > /dev/null; then
    [ -x "$TOOLS/bin/python" ] || python3 -m venv "$TOOLS" || skip "python3 has no venv: apt-get install python3-venv"
    "$TOOLS/bin/python" -m pip install -q ziglang || skip "no C compiler for wasm32-wasi, and ziglang cannot be had from PyPI"
    export PATH="$TOOLS/bin:$PATH"
fi
[ -x "$WORK/c/jco/node_modules/.bin/jco" ] \
    || npm install --no-audit --no-fund --silent --prefix "$WORK/c/jco" @bytecodealliance/jco@1.35 || skip "jco cannot be had from npm"
export TANDEM_JCO="$WORK/c/jco/node_modules/.bin/jco"

if command -v cargo > /dev/null; then
    sh sdk/c/bindings.sh --check
    echo "ok    the bindings are fresh"
fi

# The parts that need no host, natively, with what finds mistakes in memory.
unit() { # NAME SOURCE…
    name=$1
    shift
    ${CC:-cc} -std=c11 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover -Isdk/c/include -Isdk/c/bindings -Isdk/c/src \
        "sdk/c/tests/$name.c" "$@" sdk/c/src/arena.c -lm -o "$WORK/c/$name"
    "$WORK/c/$name"
}
unit json sdk/c/src/json.c sdk/c/src/query.c
unit http sdk/c/src/http.c sdk/c/src/http_wire.c
echo "ok    unit tests"

projects
sender
drive
sends_by_request links notes stats words
