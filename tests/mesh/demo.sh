#!/bin/sh
# Three hosts on this machine find each other, run a workflow together, lose one of them in the middle, and finish it.
# Everything is below one temporary directory, which goes with the demonstration.
set -eu
cd "$(dirname "$0")/../.."
ROOT=$PWD
TANDEM=$ROOT/target/debug/tandem
DEMO=$(mktemp -d)
export DEMO_SWARM_KEY=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export TANDEM_PLUGINS__TRUST_ROOTS=$ROOT/keys/*.pub
export TANDEM_PLUGINS__COMPILED_DIRECTORY=$ROOT/data/compiled
PIDS=

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
stop() { kill $PIDS 2>/dev/null || true; rm -rf "$DEMO"; }
trap stop EXIT INT TERM

# host NAME PORT PLUGIN…
host() {
    name=$1 port=$2
    shift 2
    mkdir -p "$DEMO/$name/plugins"
    for plugin; do cp "$plugin" "$DEMO/$name/plugins/"; done
    cat > "$DEMO/$name/tandem.toml" <<TOML
[server]
port = $port
[reactor]
port = 0
$(cat tests/mesh/grants.toml)
[p2p]
listen = ["/ip4/127.0.0.1/tcp/0"]
admission = "psk"
psk = "\${env:DEMO_SWARM_KEY}"
[p2p.discovery]
directory = "$DEMO/registry"
loopback = true
TOML
    (cd "$DEMO/$name" && exec "$TANDEM" serve --config tandem.toml 2> log) &
    eval "PID_$name=$!"
    PIDS="$PIDS $!"
}

P2P="plugins/p2p-taskqueue.wasm plugins/p2p-workflow.wasm plugins/p2p-peers.wasm"
say "Starting three hosts: 'one' coordinates and has no tools of its own, 'two' and 'three' have the tools."
host one 18801 $P2P
host two 18802 $P2P target/guests/echo.wasm
host three 18803 $P2P target/guests/echo.wasm
export TANDEM_URL=http://127.0.0.1:18801/mcp/full

say "They find each other by signed records in a directory that they share:"
for _ in $(seq 60); do
    sleep 1
    [ "$("$TANDEM" peers --json 2>/dev/null | grep -c '"sleep_ms"')" -ge 2 ] && break
done
"$TANDEM" peers

say "A workflow of nine steps: two rows of sleepers, then a sum. Host 'three' is killed while it runs."
STEPS=$(for row in 1 2; do for step in a b c d; do
    after=$([ $row = 2 ] && printf '"%s1"' $step || true)
    printf '{"id":"%s%s","tool":"sleep_ms","arguments":{"ms":4000},"depends_on":[%s]},' $step $row "$after"
done; done)
ID=$("$TANDEM" call p2p_workflow_submit \
    "{\"name\":\"demo\",\"steps\":[$STEPS{\"id\":\"sum\",\"tool\":\"add\",\"arguments\":{\"a\":40,\"b\":2},\"depends_on\":[\"a2\",\"b2\",\"c2\",\"d2\"]}]}" |
    sed -n 's/.*"workflow_id": "\([^"]*\)".*/\1/p')
(sleep 6 && kill -9 "$PID_three" && say "Host 'three' is dead. Its steps run again on 'two' when their leases end (30 s).") &
"$TANDEM" workflows watch "$ID"

say "Finished. Who ran what:"
"$TANDEM" workflows show "$ID"
say "The graph, with its critical path:"
"$TANDEM" call p2p_workflow_get_dag "{\"workflow_id\":\"$ID\",\"format\":\"mermaid\"}" | sed -n 's/.*"dag": "\(.*\)".*/\1/p' | sed 's/\\n/\n/g; s/\\"/"/g'
