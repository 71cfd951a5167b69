#!/bin/sh
# Builds the template of each language as an author does, into target/bench. Called by run.sh.
#
# What compilers fetch comes from PyPI and npm, into the project. A language whose tool chain is not there is said to be, and left out.
set -eu
cd "$(dirname "$0")/../.."
for language in rust c javascript python; do
    project=target/bench/$language
    rm -rf "$project.new" "$project/build"
    target/dist/tandem plugin new words --lang "$language" --path "$project.new" > /dev/null
    mkdir -p "$project"
    cp -R "$project.new/." "$project/"
    rm -rf "$project.new"
    # Nobody is asked whether to install something on the machine.
    target/dist/tandem plugin pack "$project" < /dev/null > "$project.log" 2>&1 || { cat "$project.log" >&2; rm -rf "$project/build"; }
done
