#!/bin/sh
# Published WIT text does not change unnoticed: plugins in the field were built from it.
# `sh tools/wit-frozen.sh` checks; `sh tools/wit-frozen.sh --update` records a deliberate change (a new item with its
# own `@since`, never a changed one).
set -eu
cd "$(dirname "$0")/../wit"
sums() { find . -name '*.wit' | LC_ALL=C sort | xargs sha256sum; }
if [ "${1:-}" = --update ]; then
    sums > FROZEN
    exit 0
fi
if ! sums | diff -u FROZEN - ; then
    echo "wit: published text has changed; if that only adds items with @since, run: sh tools/wit-frozen.sh --update" >&2
    exit 1
fi
