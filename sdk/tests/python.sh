#!/bin/sh
# Tests the Python SDK. Called by sdk/test.sh.
set -eu
LANGUAGE=python
. sdk/tests/common.sh

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || skip "needs python3, 3.11 or later"
TOOLS=$WORK/python/tools
[ -x "$TOOLS/bin/python" ] || python3 -m venv "$TOOLS" || skip "python3 has no venv: apt-get install python3-venv"
"$TOOLS/bin/python" -m pip install -q componentize-py==0.25.1 || skip "componentize-py cannot be had from PyPI"
export PATH="$TOOLS/bin:$PATH"

(cd sdk/python && PYTHONPATH=src python -m unittest discover -s tests)
for example in sdk/python/examples/*/; do
    # Each in its own process: a module's tools are the process' plugin.
    [ ! -d "$example/tests" ] || (cd "$example" && PYTHONPATH="$TANDEM_SDK/python/src:." python -m unittest discover -s tests -p 'test_*.py')
done

# The package as it would be published: whole, and able to build without the source tree.
sh sdk/packages.sh python
rm -rf "$WORK/python/published"
python -m pip install -q --no-deps --target "$WORK/python/published" "$WORK"/packages/python/*.whl

projects
# The template is built from the wheel, the examples from the source tree.
(cd "$HERE/words" && PYTHONPATH="$WORK/python/published" python -m tandem_sdk build . -o build/plugin.wasm > /dev/null && mv build/plugin.wasm ../from-wheel.wasm)
rm "$HERE/from-wheel.wasm"
echo "ok    the wheel builds components by itself"
sender
cp -r sdk/python/tests/packages "$HERE/packages"
python3 -m venv "$HERE/packages/.venv"
"$HERE/packages/.venv/bin/python" -m pip install -q -r "$HERE/packages/requirements.txt" || skip "packages cannot be had from PyPI"
drive
