"""A py-libp2p peer: connects to the host at the address given, and uses what the host offers to peers. With a kind of identity
behind the address (`secp256k1`, `rsa`) it tries to connect with such a one, which the host refuses.

Prints a line for each thing tried: `ok NAME` or `FAIL NAME: why`.
"""

import json
import logging
import struct
import sys
import time

import multiaddr
import trio
from libp2p import new_host
from libp2p.crypto import rsa, secp256k1
from libp2p.custom_types import TProtocol
from libp2p.host.ping import PingService
from libp2p.identity.identify.identify import ID as IDENTIFY
from libp2p.identity.identify.identify import parse_identify_response
from libp2p.peer.peerinfo import info_from_p2p_addr

PROTOCOL = TProtocol("/mcp+p2p/1.0.0")
ADDRESS = sys.argv[1]
TRANSPORT = "quic" if "/quic" in ADDRESS else "tcp"
IDENTITY = sys.argv[2] if len(sys.argv) > 2 else None
failed = 0


class Wire:
    """Frames on a stream: four bytes of length, big-endian, then JSON."""

    def __init__(self, stream):
        self.stream = stream
        self.bytes = b""

    async def _exactly(self, count):
        while len(self.bytes) < count:
            more = await self.stream.read(65536)
            if not more:
                raise EOFError("the host ended the stream")
            self.bytes += more
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    async def send(self, frame):
        body = json.dumps(frame).encode()
        await self.stream.write(struct.pack(">I", len(body)) + body)

    async def receive(self):
        (length,) = struct.unpack(">I", await self._exactly(4))
        return json.loads(await self._exactly(length))

    async def ask(self, ident, method, params):
        await self.send({"jsonrpc": "2.0", "id": ident, "method": method, "params": params})
        answer = await self.receive()
        assert answer["id"] == ident, answer
        return answer


async def attempt(name, work):
    global failed
    try:
        with trio.fail_after(20):
            said = await work()
        print(f"ok py {TRANSPORT} {name}" + (f" ({said})" if isinstance(said, str) else ""), flush=True)
        return True
    except BaseException as error:  # noqa: BLE001 - trio wraps errors in groups
        failed += 1
        why = str(error).splitlines() or [type(error).__name__]
        print(f"FAIL py {TRANSPORT} {name}: {why[0]}", flush=True)
        return False


async def refused():
    make = {"secp256k1": secp256k1.create_new_key_pair, "rsa": rsa.create_new_key_pair}[IDENTITY]
    peer = info_from_p2p_addr(multiaddr.Multiaddr(ADDRESS))
    host = new_host(key_pair=make())

    async def connect():
        async with host.run(listen_addrs=[multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")]):
            try:
                await host.connect(peer)
                # The host looks at the identity in the last message of the handshake, which nobody answers.
                await PingService(host).ping(peer.peer_id, 1)
            except Exception:  # noqa: BLE001 - how it ends is not what is tested
                return
            raise AssertionError("the host let it in")

    await attempt(f"an identity of {IDENTITY} is refused", connect)


async def main():
    host = new_host(enable_quic=True) if TRANSPORT == "quic" else new_host()
    listen = "/ip4/127.0.0.1/udp/0/quic-v1" if TRANSPORT == "quic" else "/ip4/127.0.0.1/tcp/0"
    peer = info_from_p2p_addr(multiaddr.Multiaddr(ADDRESS))
    async with host.run(listen_addrs=[multiaddr.Multiaddr(listen)]):
        if not await attempt("connect", lambda: host.connect(peer)):
            return

        async def ping():
            rtts = await PingService(host).ping(peer.peer_id, 1)
            return f"{rtts[0]} ms"

        async def identify():
            stream = await host.new_stream(peer.peer_id, [IDENTIFY])
            said = b""
            try:
                while part := await stream.read(65536):
                    said += part
            except Exception:  # noqa: BLE001 - the end of a stream is an exception, and each transport has another
                pass
            info = parse_identify_response(said)
            assert info.agent_version.startswith("tandem/"), info.agent_version
            assert PROTOCOL in info.protocols, info.protocols
            return info.agent_version

        await attempt("ping", ping)
        await attempt("identify", identify)
        wire = Wire(await host.new_stream(peer.peer_id, [PROTOCOL]))

        async def tools():
            names = [tool["name"] for tool in (await wire.ask(1, "tools/list", {}))["result"]["tools"]]
            assert {"add", "echo"} <= set(names), names
            return f"{len(names)} tools"

        async def call():
            answer = await wire.ask("two", "tools/call", {"name": "add", "arguments": {"a": 20, "b": 22}})
            assert answer["result"]["structuredContent"] == {"sum": 42}, answer

        async def many():
            begun = time.monotonic()
            for a in range(32):
                await wire.send({"id": 100 + a, "method": "tools/call", "params": {"name": "add", "arguments": {"a": a, "b": 1}}})
            answers = [await wire.receive() for _ in range(32)]
            sums = {answer["id"] - 100: answer["result"]["structuredContent"]["sum"] for answer in answers}
            assert sums == {a: a + 1 for a in range(32)}, sums
            return f"{(time.monotonic() - begun) * 1000:.0f} ms"

        async def older():
            await wire.send({"tool": "add", "args": {"a": 1, "b": 2}})
            answer = await wire.receive()
            assert answer["ok"] is True and answer["result"]["structuredContent"] == {"sum": 3}, answer

        async def unknown():
            answer = await wire.ask(9, "tools/call", {"name": "none"})
            assert answer["error"]["data"]["reason"] == "not_found", answer

        await attempt("tools/list", tools)
        await attempt("tools/call", call)
        await attempt("tools/call, 32 at once", many)
        await attempt("the older body", older)
        await attempt("an unknown tool is an error", unknown)


logging.disable(logging.CRITICAL)
try:
    trio.run(refused if IDENTITY else main)
except BaseException as error:  # noqa: BLE001 - how it closes is not what is tested
    if failed == 0 and not isinstance(error, (SystemExit, KeyboardInterrupt)):
        print(f"note py {TRANSPORT}: closing: {type(error).__name__}", flush=True)
sys.exit(1 if failed else 0)
