#!/bin/sh
# Lists and calls a tool of a running host with each public MCP client, in each era that it speaks.
# NODE is how to get a Node 22 (default: by npx). Clients are installed below target/clients.
set -eu
cd "$(dirname "$0")/../../.."
HERE=$PWD/tests/e2e/clients
NODE=${NODE:-npx -y -p node@22}
HOME_DIR=$PWD/target/clients
WORK=$(mktemp -d)
trap 'kill "$HOST" 2>/dev/null || true; wait "$HOST" 2>/dev/null || true; rm -rf "$WORK"' EXIT
mkdir -p "$WORK/plugins" "$HOME_DIR"
cp target/guests/echo.wasm target/guests/progress.wasm "$WORK/plugins/"

target/debug/tandem serve --exposure full --set server.port=0 --set plugins.directory="$WORK/plugins" \
    --set plugins.data-directory="$WORK/data" --set telemetry.log-format=json 2> "$WORK/log" &
HOST=$!
ADDRESS=
for _ in $(seq 600); do
    ADDRESS=$(sed -n 's/.*"message":"listening".*"address":"\([^"]*\)".*/\1/p' "$WORK/log" | head -n 1)
    [ -n "$ADDRESS" ] && break
    kill -0 "$HOST" 2>/dev/null || { cat "$WORK/log" >&2; exit 1; }
    sleep 0.2
done
export TANDEM_MCP="http://$ADDRESS/mcp"

passed=0
failed=0
check() { # name command…
    name=$1
    shift
    if "$@" > "$WORK/out" 2>&1; then
        passed=$((passed + 1)); echo "ok    $name"
    else
        failed=$((failed + 1)); echo "FAIL  $name"; sed 's/^/      /' "$WORK/out" | tail -n 20
    fi
}

[ -x "$HOME_DIR/python/bin/python" ] || python3 -m venv "$HOME_DIR/python"
"$HOME_DIR/python/bin/pip" install -q mcp==2.3.0 fastmcp==4.1.2
(cd "$HOME_DIR" && npm install --silent --no-audit --no-fund --prefix node \
    @modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0)
cp "$HERE/typescript-v1.mjs" "$HERE/typescript-v2.mjs" "$HOME_DIR/node/"

inspector() { $NODE -p @modelcontextprotocol/inspector@2.12.0 mcp-inspector --cli "$TANDEM_MCP" --transport http "$@"; }
sum() { inspector --method tools/call --tool-name add --tool-arg a=1 b=2 "$@" | grep -q '"sum": *3'; }
check "inspector tools/list --strict, legacy" inspector --method tools/list --strict
check "inspector tools/list --strict, modern" inspector --method tools/list --strict --protocol-era modern
check "inspector tools/call, legacy" sum
check "inspector tools/call, modern" sum --protocol-era modern
check "python mcp 2.3.0, legacy" "$HOME_DIR/python/bin/python" "$HERE/python_mcp.py" legacy
check "python mcp 2.3.0, auto" "$HOME_DIR/python/bin/python" "$HERE/python_mcp.py" auto
check "fastmcp 4.1.2" "$HOME_DIR/python/bin/python" "$HERE/python_fastmcp.py"
check "typescript sdk 1.32.2" node "$HOME_DIR/node/typescript-v1.mjs"
check "typescript client 2.4.0, auto" node "$HOME_DIR/node/typescript-v2.mjs" auto
check "typescript client 2.4.0, legacy" node "$HOME_DIR/node/typescript-v2.mjs" legacy
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
