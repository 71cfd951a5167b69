#!/bin/sh
# Tests the SDKs: their unit tests and packages, then templates and examples as components in a real host.
#
#   sdk/test.sh [--bench] [LANGUAGE…]
#
# With HOST (cargo's selection of packages, as `make` has it) it goes the author's way too: `tandem plugin new`, `tandem plugin dev`, a call, an edit.
#
# Installs what it needs from PyPI, npm and Debian into target/sdk. A language is left out only when its toolchain cannot be had.
# TANDEM is the binary (default: target/debug/tandem).
set -eu
cd "$(dirname "$0")/.."
case ${TANDEM:=target/debug/tandem} in /*) ;; *) TANDEM=$PWD/$TANDEM ;; esac
export TANDEM
export TANDEM_SDK="$PWD/sdk"
export WORK="$PWD/target/sdk"
export BENCH=
LANGUAGES=
for argument; do
    case $argument in
        --bench) BENCH=--bench ;;
        *) LANGUAGES="$LANGUAGES $argument" ;;
    esac
done
[ -x "$TANDEM" ] || { echo "$TANDEM is missing: make build" >&2; exit 1; }
mkdir -p "$WORK"

failed=
skipped=
ready=
for language in ${LANGUAGES:-python javascript c rust}; do
    echo "== $language"
    rm -rf "${WORK:?}/$language/projects" "${WORK:?}/$language/run"
    mkdir -p "$WORK/$language/projects"
    code=0
    sh "sdk/tests/$language.sh" || code=$?
    # 77: its toolchain cannot be had; the script said which.
    case $code in 0) ready="$ready $language" ;; 77) skipped="$skipped $language" ;; *) failed="$failed $language" ;; esac
done
if [ -n "${HOST:-}" ] && [ -n "$ready" ]; then
    echo "== by tandem plugin new and tandem plugin dev:$ready"
    # shellcheck disable=SC2086
    env -u TANDEM_SDK TANDEM_AUTHOR_LANGUAGES="$ready" cargo test $HOST --test all -- --nocapture author:: || failed="$failed author"
fi
[ -z "$skipped" ] || echo "left out:$skipped"
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
echo "all passed"
