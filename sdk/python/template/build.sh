#!/bin/sh
# Makes build/plugin.wasm, with the SDK that the link `.sdk` leads to.
set -eu
cd "$(dirname "$0")"
[ -d .sdk/sdk/python ] || { echo "the SDK is not here: run \`tandem plugin sdk --link\` in $PWD" >&2; exit 1; }
export PYTHONPATH="$PWD/.sdk/sdk/python/src"
venv() { [ -x .venv/bin/python ] || python3 -m venv .venv; }
install() { .venv/bin/python -m pip install -q --disable-pip-version-check "$@"; }
python=python3
if ! command -v componentize-py > /dev/null; then
    venv
    python=.venv/bin/python
    if [ ! -x .venv/bin/componentize-py ]; then
        echo "installing componentize-py from PyPI into .venv" >&2
        install componentize-py==0.25.1
    fi
fi
# The packages, when something of the list has changed. It lies here for a moment: paths in it are meant from here.
trap 'rm -f .requirements.txt' EXIT
grep -vE '^[[:space:]]*(#.*)?$' requirements.txt > .requirements.txt 2> /dev/null || :
if [ -s .requirements.txt ] && ! cmp -s .requirements.txt .venv/requirements.txt; then
    echo "installing the packages of requirements.txt into .venv" >&2
    venv
    install -r .requirements.txt
    cp .requirements.txt .venv/requirements.txt
fi
rm -f .requirements.txt
[ ! -x .venv/bin/python ] || python=.venv/bin/python
exec $python -m tandem_sdk build . -o build/plugin.wasm
