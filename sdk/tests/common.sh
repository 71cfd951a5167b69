# What the languages' scripts share. Sourced, with LANGUAGE set.

skip() { # why
    echo "skip  $LANGUAGE: $1"
    exit 77
}

# A project as `tandem plugin new words` writes it, and copies of the examples: builds leave nothing in the sources.
projects() {
    HERE=$WORK/$LANGUAGE/projects
    cp -r "sdk/$LANGUAGE/template" "$HERE/words"
    grep -rl '{{' "$HERE/words" | while read -r file; do
        sed 's/{{name}}/words/g; s/{{tool}}/words/g' "$file" > "$file.new"
        # Not mv: the file keeps its mode.
        cat "$file.new" > "$file"
        rm "$file.new"
    done
    for example in sdk/"$LANGUAGE"/examples/*/; do
        [ -d "$example" ] || continue
        cp -r "$example" "$HERE/$(basename "$example")"
    done
    for project in "$HERE"/*/; do ln -sfn "$PWD" "$project/.sdk"; done
}

# What the examples do not use of http; the languages answer the same cases.
sender() {
    cp -r "sdk/$LANGUAGE/tests/sender" "$HERE/sender"
    cp -r sdk/tests/sender/tests "$HERE/sender/tests"
}

# Builds each project by its own entry point, runs its cases in the sandbox, then packs, serves and calls all of them.
drive() {
    set --
    for project in "$HERE"/*/; do
        name=$(basename "$project")
        echo "      building $name"
        sh "$project/build.sh" > "$project/build.log" 2>&1 || { tail -n 30 "$project/build.log"; echo "FAIL  $name does not build"; exit 1; }
        "$TANDEM" test --no-build "$project" > "$project/test.log" 2>&1 || { cat "$project/test.log"; echo "FAIL  $name: tandem plugin test"; exit 1; }
        # Warnings count too, except for a component whose schemas come from a WIT of its own, and for one that is large by what it tests:
        # `packages` holds every module of its packages.
        strict=--strict
        { [ ! -d "$project/wit" ] && [ "$name" != packages ]; } || strict=
        # shellcheck disable=SC2086
        "$TANDEM" check $strict "$project" > "$project/check.log" 2>&1 || { cat "$project/check.log"; echo "FAIL  $name: tandem plugin check"; exit 1; }
        echo "ok    $name: tandem plugin test, tandem plugin check"
        set -- "$@" "$name=$project"
    done
    mkdir -p "$WORK/$LANGUAGE/run"
    python3 sdk/tests/drive.py "$LANGUAGE" "$TANDEM" "$WORK/$LANGUAGE/run" "$@" $BENCH
}

# Only what requests http imports it.
sends_by_request() { # project…
    for project; do
        imports=no requests=no
        ! grep -q wasi:http "$HERE/$project/build/plugin.wasm" || imports=yes
        ! grep -q '^http' "$HERE/$project/plugin.toml" || requests=yes
        [ $imports = $requests ] || { echo "FAIL  $project requests http: $requests, imports it: $imports"; exit 1; }
    done
    echo "ok    only what requests http imports it"
}
