#!/bin/sh
# Builds the packages of the SDKs as they would be published, into target/sdk/packages: a wheel for PyPI, a tarball for npm,
# crates for crates.io. Each must have the contract in it: what is published has no source tree around it.
#
#   sdk/packages.sh [python|javascript|rust …]
#
# A language is left out only when its toolchain cannot be had.
set -eu
cd "$(dirname "$0")/.."
OUT=$PWD/target/sdk/packages

quiet() { # log, command…
    log=$1
    shift
    "$@" > "$log" 2>&1 || { cat "$log"; return 1; }
}

contains() { # package, its files, the file that must be there
    case "
$2
" in
        *"
$3
"*) echo "ok    $(basename "$1")" ;;
        *) echo "FAIL  $1 lacks $3"; return 1 ;;
    esac
}

python() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
        || { echo "skip  python: needs python3, 3.11 or later"; return; }
    tools=$OUT/tools
    [ -x "$tools/bin/python" ] || python3 -m venv "$tools" \
        || { echo "skip  python: python3 has no venv: apt-get install python3-venv"; return; }
    quiet "$OUT/log" "$tools/bin/python" -m pip install -q build hatchling \
        || { echo "skip  python: its build tools cannot be had from PyPI"; return; }
    quiet "$OUT/log" "$tools/bin/python" -m build --wheel --no-isolation -o "$OUT/python" sdk/python
    wheel=$(echo "$OUT"/python/*.whl)
    contains "$wheel" "$("$tools/bin/python" -m zipfile -l "$wheel" | cut -d' ' -f1)" tandem_sdk/wit/worlds.wit
}

javascript() {
    command -v npm > /dev/null || { echo "skip  javascript: needs npm: https://nodejs.org"; return; }
    (cd sdk/javascript && quiet "$OUT/log" npm pack --pack-destination "$OUT/javascript")
    tarball=$(echo "$OUT"/javascript/*.tgz)
    contains "$tarball" "$(tar tzf "$tarball")" package/wit/worlds.wit
}

# Cargo builds each crate from what it has packed. It unpacks a crate that another one needs into its home and takes it from there
# the next time, by name and version alone: an older tandem-sdk-macros of the same version has to go first.
rust() {
    rm -rf "${CARGO_HOME:-$HOME/.cargo}"/registry/src/-*/tandem-sdk-*
    quiet "$OUT/log" cargo package -p tandem-sdk-macros -p tandem-sdk --allow-dirty --target-dir target/sdk/rust/package
    cp target/sdk/rust/package/package/*.crate "$OUT/rust"
    crate=$(echo "$OUT"/rust/tandem-sdk-[0-9]*.crate)
    contains "$crate" "$(tar tzf "$crate" | cut -d/ -f2-)" src/bindings/plugin.rs
}

for language in ${*:-python javascript rust}; do
    rm -rf "${OUT:?}/$language"
    mkdir -p "$OUT/$language"
    "$language"
done
