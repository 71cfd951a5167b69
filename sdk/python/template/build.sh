#!/bin/sh
# Makes build/plugin.wasm. With TANDEM_SDK (a directory that holds the SDKs) the SDK comes from there, else from PyPI.
set -eu
cd "$(dirname "$0")"
venv() { [ -x .venv/bin/python ] || python3 -m venv .venv; }
install() { .venv/bin/python -m pip install -q --disable-pip-version-check "$@"; }
if [ -n "${TANDEM_SDK:-}" ]; then
    export PYTHONPATH="$TANDEM_SDK/python/src"
    python=python3
    if ! command -v componentize-py > /dev/null; then
        venv
        python=.venv/bin/python
        if [ ! -x .venv/bin/componentize-py ]; then
            echo "installing componentize-py from PyPI into .venv" >&2
            install componentize-py==0.25.1
        fi
    fi
    # All but the SDK, when something of it has changed. It lies here for a moment: paths in it are meant from here.
    trap 'rm -f .requirements.txt' EXIT
    grep -viE '^[[:space:]]*(tandem[-_.]sdk([^a-z0-9._-].*)?|#.*)?$' requirements.txt > .requirements.txt 2> /dev/null || :
    if [ -s .requirements.txt ] && ! cmp -s .requirements.txt .venv/requirements.txt; then
        echo "installing the packages of requirements.txt into .venv" >&2
        venv
        install -r .requirements.txt
        cp .requirements.txt .venv/requirements.txt
    fi
    rm -f .requirements.txt
else
    venv
    python=.venv/bin/python
    install -r requirements.txt
fi
exec $python -m tandem_sdk build . -o build/plugin.wasm
