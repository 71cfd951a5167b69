#!/bin/sh
# Compiles a plugin: sh build.sh OUTPUT SOURCE…   (from the project's directory)
#
# The compiler is the first of: WASI_SDK_PATH's clang, a clang with Debian's wasi-libc, zig (also as Python's `ziglang`, in .tools/zig
# of the project too). What turns its module
# into a component is wasm-tools or jco; jco is installed into .tools of the project when neither is there. CFLAGS are added.
set -eu
SDK=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: sh build.sh OUTPUT SOURCE…" >&2; exit 2; }
output=$1
shift

compiler() {
    if [ -n "${WASI_SDK_PATH:-}" ]; then
        echo "$WASI_SDK_PATH/bin/clang"
        return
    fi
    if [ -z "${TANDEM_ZIG:-}" ] && [ -f /usr/lib/wasm32-wasi/libc.a ]; then
        for clang in clang clang-21 clang-20 clang-19 clang-18 clang-17; do
            # It needs its own builtins for wasm32 besides the C library.
            command -v "$clang" > /dev/null && [ -f "$("$clang" --target=wasm32-wasi --print-libgcc-file-name)" ] && echo "$clang" && return
        done
    fi
    command -v zig > /dev/null && echo "zig cc" && return
    [ -x .tools/zig/bin/python ] && echo ".tools/zig/bin/python -m ziglang cc" && return
    python3 -c 'import ziglang' 2> /dev/null && echo "python3 -m ziglang cc" && return
    echo "no C compiler for wasm32-wasi: python3 -m venv .tools/zig && .tools/zig/bin/python -m pip install ziglang, or apt-get install clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc" >&2
    exit 1
}

component() { # MODULE OUTPUT
    if command -v wasm-tools > /dev/null && [ -n "${WASI_ADAPTER:-}" ]; then
        wasm-tools component new "$1" --adapt "wasi_snapshot_preview1=$WASI_ADAPTER" -o "$2"
        return
    fi
    jco=${TANDEM_JCO:-.tools/node_modules/.bin/jco}
    if [ ! -x "$jco" ]; then
        command -v npm > /dev/null || { echo "npm is missing: install Node 20 or later, or wasm-tools (with WASI_ADAPTER)" >&2; exit 1; }
        echo "installing jco from npm into .tools" >&2
        npm install --no-audit --no-fund --silent --prefix .tools @bytecodealliance/jco@1.35 >&2
    fi
    "$jco" new "$1" --wasi-reactor -o "$2" > /dev/null
}

CC=$(compiler)
mkdir -p "$(dirname "$output")"
module=${output%.wasm}.core.wasm
# A stack of 128 KiB and a first memory that holds it and a small heap: a memory that does not grow inside a call costs no system call.
# What is not called is left out, and with it its imports: a plugin that sends no request imports no http.
# shellcheck disable=SC2086
$CC --target=wasm32-wasi -mexec-model=reactor -std=c11 -Os -flto=full -Wall -Wextra ${CFLAGS:-} \
    -I"$SDK/include" -I"$SDK/bindings" \
    -Wl,-z,stack-size=131072 -Wl,--initial-memory=524288 -Wl,--strip-all \
    "$@" "$SDK"/src/*.c "$SDK"/bindings/tandem/*.c "$SDK"/bindings/tandem/*.o -lm -o "$module"
component "$module" "$output"
rm -f "$module"
