#!/bin/sh
# Builds with the `dist` profile (fat LTO) and prints what a call costs. Compare ratios, not absolutes.
set -eu
cd "$(dirname "$0")/../.."
cargo build --profile dist -p tandem -p tandem-bench
exec target/dist/tandem-bench "$@"
