#!/bin/sh
# Licences, sources, duplicates and advisories of all dependencies (deny.toml), and dependencies that nothing uses.
# Installs what it needs; advisories are left out, and said so, where their database cannot be fetched.
set -eu
cd "$(dirname "$0")/.."
cargo deny --version > /dev/null 2>&1 || cargo install --locked cargo-deny
cargo machete --version > /dev/null 2>&1 || cargo install --locked cargo-machete
cargo deny --workspace check bans licenses sources
if cargo deny --workspace fetch db; then
    cargo deny --workspace check --disable-fetch advisories
else
    echo "audit: the advisory database cannot be fetched, so no advisory was checked" >&2
fi
# Not the templates of sdk/: their names are filled in by `tandem plugin new`.
cargo machete --with-metadata host plugins tests sdk/rust/macros
