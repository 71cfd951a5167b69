#!/bin/sh
# Other implementations of libp2p as peers of a real host: they connect, ping, identify, list tools and call one, over TCP with
# noise and yamux, and over QUIC. NODE is how to get a Node 22 (default: by npx). Everything is installed below target/interop.
set -eu
cd "$(dirname "$0")/../.."
HERE=$PWD/tests/interop
NODE=${NODE:-npx -y -p node@22}
HOME_DIR=$PWD/target/interop
WORK=$(mktemp -d)
HOST=
trap '[ -z "$HOST" ] || kill "$HOST" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$WORK"' EXIT
mkdir -p "$WORK/plugins" "$HOME_DIR/js"
cp target/guests/echo.wasm "$WORK/plugins/"

cat > "$WORK/tandem.toml" <<'TOML'
[server]
port = 0
[reactor]
port = 0
[p2p]
listen = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"]
admission = "open"
[p2p.discovery]
file = false
loopback = true
TOML
TANDEM_PLUGINS__TRUST_ROOTS=$PWD/keys/*.pub target/debug/tandem serve --config "$WORK/tandem.toml" \
    --set plugins.directory="$WORK/plugins" --set plugins.data-directory="$WORK/data" \
    --set telemetry.log-format=json 2> "$WORK/log" &
HOST=$!
# said MESSAGE FIELD PATTERN: the field of the first line with that message that fits.
said() { grep "\"message\":\"$1\"" "$WORK/log" | sed -n 's/.*"'"$2"'":"\([^"]*\)".*/\1/p' | grep -m 1 "$3"; }
for _ in $(seq 600); do
    if said listening address . > /dev/null && said 'listening for peers' address /tcp/ > /dev/null &&
        said 'listening for peers' address /quic > /dev/null; then break; fi
    kill -0 "$HOST" 2>/dev/null || { cat "$WORK/log" >&2; exit 1; }
    sleep 0.2
done
ID=$(said 'listening for peers' peer .) || { echo "the host does not listen for peers" >&2; cat "$WORK/log" >&2; exit 1; }
TCP=$(said 'listening for peers' address /tcp/)/p2p/$ID
QUIC=$(said 'listening for peers' address /quic)/p2p/$ID

: > "$WORK/lines"
# try NAME COMMAND…: one client; what it tried is on its lines.
try() {
    name=$1
    shift
    timeout 120 "$@" > "$WORK/out" 2> "$WORK/err" || true
    grep -E '^(ok|FAIL|note) ' "$WORK/out" || { echo "FAIL $name: it ended before it tried anything" && tail -n 20 "$WORK/err" >&2; }
}
use() { try "$@" | tee -a "$WORK/lines"; }

node_works() { [ "$($NODE node -p 'Number(process.versions.node.split(".")[0]) >= 22' 2> "$WORK/why")" = true ]; }
if node_works && cp "$HERE/js/package.json" "$HERE/js/client.mjs" "$HOME_DIR/js/" &&
    (cd "$HOME_DIR/js" && $NODE npm install --silent --no-audit --no-fund) 2>> "$WORK/why"; then
    use "js tcp" $NODE node "$HOME_DIR/js/client.mjs" "$TCP"
    use "js quic" $NODE node "$HOME_DIR/js/client.mjs" "$QUIC"
else
    echo "left out: js-libp2p; it takes Node 22 and npm: $(tail -n 1 "$WORK/why")"
fi
if { [ -x "$HOME_DIR/py/bin/python" ] || python3 -m venv "$HOME_DIR/py"; } 2> "$WORK/why" &&
    "$HOME_DIR/py/bin/pip" install -q --disable-pip-version-check -r "$HERE/py/requirements.txt" 2>> "$WORK/why"; then
    use "py tcp" "$HOME_DIR/py/bin/python" "$HERE/py/client.py" "$TCP"
    use "py quic" "$HOME_DIR/py/bin/python" "$HERE/py/client.py" "$QUIC"
    for identity in secp256k1 rsa; do
        use "py $identity" "$HOME_DIR/py/bin/python" "$HERE/py/client.py" "$TCP" "$identity"
    done
    if grep '"handshake with a peer failed"' "$WORK/log" | grep -q 'identity keys are ed25519'; then
        echo "ok the host's log says which identities it takes"
    else
        echo "FAIL the host's log does not say which identities it takes"
    fi | tee -a "$WORK/lines"
else
    echo "left out: py-libp2p; it takes Python 3.10 with venv and pip: $(tail -n 1 "$WORK/why")"
fi
passed=$(grep -c '^ok ' "$WORK/lines" || true)
failed=$(grep -c '^FAIL ' "$WORK/lines" || true)
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
