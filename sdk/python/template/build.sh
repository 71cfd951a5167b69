#!/bin/sh
# Makes build/plugin.wasm. With TANDEM_SDK (a directory that holds the SDKs) the SDK comes from there, else from PyPI.
set -eu
cd "$(dirname "$0")"
if [ -n "${TANDEM_SDK:-}" ]; then
    export PYTHONPATH="$TANDEM_SDK/python/src"
    python=python3
    if ! command -v componentize-py > /dev/null; then
        [ -d .venv ] || python3 -m venv .venv
        python=.venv/bin/python
        if [ ! -x .venv/bin/componentize-py ]; then
            echo "installing componentize-py from PyPI into .venv" >&2
            $python -m pip install -q componentize-py==0.25.1
        fi
    fi
else
    [ -d .venv ] || python3 -m venv .venv
    python=.venv/bin/python
    $python -m pip install -q -r requirements.txt
fi
exec $python -m tandem_sdk build . -o build/plugin.wasm
