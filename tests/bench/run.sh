#!/bin/sh
# Builds with the `dist` profile (fat LTO) and prints what a call costs. Compare ratios, not absolutes.
set -eu
cd "$(dirname "$0")/../.."
cargo build --profile dist -p tandem -p tandem-bench
case ${1:-languages} in languages) sh tests/bench/languages.sh ;; esac
exec target/dist/tandem-bench "$@"
