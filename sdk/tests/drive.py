"""Packs the plugins that `sdk/test.sh` built, serves them, and calls every one of their tools as clients do.

    python3 drive.py LANGUAGE TANDEM WORK NAME=PROJECT… [--bench]

A project is a directory with `plugin.toml`, `build/plugin.wasm` and `tests/*.toml`. Its cases run through `tandem tool call`, except those that
need a world of their own (grants, recorded answers), which only `tandem plugin test` gives them; what a case file cannot say (progress, resources,
prompts, servers that answer) runs over MCP, for the plugins that the SDKs share. Only the standard library.
"""

from __future__ import annotations

import hashlib
import http.client
import http.server
import json
import os
import statistics
import socket
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

# How `tandem` words the kinds of a tool's error.
KINDS = {
    "invalid arguments": "invalid-arguments", "not found": "not-found", "denied": "denied", "unavailable": "unavailable",
    "the client cannot do": "missing-capability", "cancelled": "cancelled",
}  # fmt: skip


# Parts of 64 KiB: more than the plugin's memory holds, but for Python, where what goes to the host is freed with the instance.
PARTS = {"c": 1200, "javascript": 1200, "python": 300}


class Failure(Exception):
    """A check that did not hold."""


def check(name: str, got: object, expected: object) -> None:
    if got != expected:
        raise Failure(f"{name}\n      expected {expected!r}\n      got      {got!r}")
    print(f"ok    {name}")


class Pages(http.server.BaseHTTPRequestHandler):
    """The server that `links` may ask."""

    asked: list[str] = []

    #: 40 MiB of lines of 64 bytes: more than a plugin's memory.
    huge, lines = (b"x" * 63 + b"\n") * 16384, 40 * 16384

    pages = {"/page": b"<html><title>Bread &amp; butter</title></html>", "/large": b"<title>Loaf</title>" + bytes(9 << 20)}

    #: Answers when so many requests wait at a time.
    together = threading.Barrier(4)
    #: Set when the server may answer what it had not yet, and when it has some of a body.
    released, some = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        Pages.asked.append(self.path)
        if self.path == "/together":
            try:
                Pages.together.wait(20)
            except threading.BrokenBarrierError:
                return self.answer(None)
            return self.answer(b"together")
        if self.path == "/huge":
            return self.answer(self.huge, 40)
        if self.path.startswith("/echo?"):
            return self.answer(self.path.encode())
        if self.path == "/later":
            Pages.released.wait(60)
        if self.path == "/some":
            return self.answer(b"some" if Pages.some.wait(20) else None)
        self.answer(Pages.pages.get(self.path))

    def do_POST(self) -> None:
        if self.path == "/full":  # says so before the body is there
            self.close_connection = True
            self.answer(None)
            return self.linger()
        sent, length = hashlib.sha256(), 0
        if self.headers.get("transfer-encoding") == "chunked":
            while part := int(self.rfile.readline(), 16):
                sent.update(self.rfile.read(part))
                length += part
                Pages.some.set()
                self.rfile.readline()
            self.rfile.readline()
        else:
            length = int(self.headers.get("content-length", 0))
            sent.update(self.rfile.read(length))
        self.answer(f"{length} {sent.hexdigest()}".encode())

    def linger(self) -> None:
        """Closes as RFC 9112 section 9.6 has it: a reset by what was not read could take the answer with it."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(5)
        try:
            while self.connection.recv(1 << 16):
                pass
        except OSError:  # it was reset, or the time is over
            pass

    def answer(self, body: bytes | None, times: int = 1) -> None:
        self.send_response(404 if body is None else 200)
        body = b"gone" if body is None else body
        self.send_header("content-length", str(len(body) * times))
        self.end_headers()
        try:
            for _ in range(times):
                self.wfile.write(body)
        except OSError:  # a client that has enough of it
            self.close_connection = True

    def log_message(self, *_: object) -> None: ...


class Host:
    """`tandem serve` with these plugins, until `stop`."""

    def __init__(self, tandem: str, work: Path, config: str) -> None:
        self.tandem = tandem
        (work / "tandem.toml").write_text(config)
        self.log = work / "serve.log"
        settings = {
            "server.port": "0", "reactor.enabled": "false", "plugins.directory": f"{work}/plugins",
            "plugins.data-directory": f"{work}/data", "plugins.trust-roots": f'["{work}/me.pub"]', "telemetry.log-format": "json",
        }  # fmt: skip
        arguments = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        command = [tandem, "serve", "--exposure", "full", "--config", str(work / "tandem.toml"), *arguments]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.address = self._listening()
        self.session: str | None = None
        self.connection = http.client.HTTPConnection(self.address, timeout=60)
        answer = self.mcp("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"})
        if "serverInfo" not in answer:
            raise Failure(f"initialize: {answer}")

    def _listening(self) -> str:
        """The address, once every plugin is compiled or left out."""
        for _ in range(3000):  # a Python component compiles for half a minute on a busy machine
            said = {entry.get("message"): entry for entry in self.entries()}
            compiled = said.get("ready", {}).get("compiling") == 0 or "all plugins compiled" in said
            if compiled and "listening" in said:
                return said["listening"]["address"]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise Failure(f"tandem does not serve:\n{self.log.read_text()}")

    def entries(self) -> list[dict]:
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [json.loads(line) for line in lines if line.endswith("}")]

    def mcp(self, method: str, **params: object) -> dict:
        """A request over MCP. Progress that came before the answer is in `progress`."""
        headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        if self.session:
            headers["mcp-session-id"] = self.session
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.connection.request("POST", "/mcp/full", json.dumps(body), headers)
        answer = self.connection.getresponse()
        self.session = answer.headers.get("mcp-session-id") or self.session
        text = answer.read().decode()
        lines = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")] or [text]
        messages = [json.loads(line) for line in lines if line]
        last = messages[-1]
        result = last.get("result", {"error": last.get("error")})
        return {**result, "progress": [m["params"] for m in messages if m.get("method") == "notifications/progress"]}

    def call(self, tool: str, arguments: dict) -> dict:
        """A call by the command line: `structured`, `text` or `error`."""
        command = [self.tandem, "call", "--json", "--url", f"http://{self.address}/mcp/full", tool, json.dumps(arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode not in (0, 5):
            raise Failure(f"tandem tool call {tool}: exit code {done.returncode}: {done.stdout}{done.stderr}")
        try:
            answer = json.loads(done.stdout)
        except ValueError:  # refused before the tool ran
            answer = {"isError": True, "content": [{"text": done.stdout or done.stderr}]}
        text = "\n".join(block.get("text", "") for block in answer["content"])
        if (done.returncode == 5) != bool(answer.get("isError")):
            raise Failure(f"tandem tool call {tool}: exit code {done.returncode}, isError {answer.get('isError')}")
        if answer.get("isError"):
            kind = next((kind for words, kind in KINDS.items() if text.startswith(words)), "other")
            return {"error": kind, "message": text}
        return {"structured": answer["structuredContent"]} if "structuredContent" in answer else {"text": text}

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def cases(host: Host, project: Path) -> None:
    for file in sorted((project / "tests").glob("*.toml")):
        given = tomllib.loads(file.read_text())
        for case in given["case"]:
            if not {*given, *case} <= {"case", "name", "tool", "arguments", "expect"}:
                continue
            got, expected = host.call(case["tool"], case.get("arguments", {})), dict(case["expect"])
            if expected.get("error") == "failed":  # for a client it is no kind
                expected["error"] = "other"
            name, part = f"{project.name}: {case['name']}", expected.pop("contains", "")
            check(name, {key: got.get(key) for key in expected} if expected else got, expected or got)
            if part:
                said = got.get("message", got.get("text", ""))
                check(f"{name}, and says so", part if part in said else said, part)


def template(host: Host) -> None:
    made = host.mcp("tools/call", name="words_remember", arguments={"texts": ["a", "b", "c"]}, _meta={"progressToken": "p"})
    check("words: progress reaches the client", [(p["progress"], p["total"]) for p in made["progress"]], [(1, 3), (2, 3), (3, 3)])
    check("words: kv outlives the instance", made["structuredContent"], {"total": 5})
    listed = {tool["name"]: tool for tool in host.mcp("tools/list")["tools"]}
    count = listed["words_count"]
    check("words: a parameter has a type and a description", count["inputSchema"]["properties"]["text"]["type"], "string")
    check("words: … described", bool(count["inputSchema"]["properties"]["text"]["description"]), True)
    # A result that is too large is a handle: the schema has that form too.
    members = sorted(name for name in count["outputSchema"]["properties"] if not name.startswith("$"))
    check("words: the result has a schema", members, ["letters", "longest", "words"])
    check("words: annotations", (count["annotations"]["readOnlyHint"], count["annotations"]["idempotentHint"]), (True, True))
    refused = host.call("words_count", {"text": 1})
    check("words: arguments that do not fit are pointed at", (refused["error"], "/text" in refused["message"]), ("invalid-arguments", True))


def notes(host: Host) -> None:
    note = {"title": "rain", "text": "It rains.", "color": "green", "tags": ["weather"]}
    check("notes: put", host.call("notes_put", {"note": note})["structured"], {"titles": ["milk", "rain"]})
    check("notes: get", host.call("notes_get", {"title": "rain"})["structured"], note)
    check("notes: list by tag", host.call("notes_list", {"tag": "weather"})["structured"], {"titles": ["rain"]})
    read = host.mcp("resources/read", uri="notes://rain")
    check("notes: a resource of a family", [c["text"] for c in read.get("contents", [read])], ["It rains."])
    prompt = host.mcp("prompts/get", name="summarize_note", arguments={"title": "rain", "language": "French"})
    check("notes: a prompt", "French" in json.dumps(prompt.get("messages")) and "It rains." in json.dumps(prompt), True)
    reference = {"type": "ref/prompt", "name": "summarize_note"}
    made = host.mcp("completion/complete", ref=reference, argument={"name": "title", "value": "ra"})
    check("notes: a completion", made.get("completion", made).get("values"), ["rain"])
    check("notes: delete", host.call("notes_delete", {"title": "rain"})["structured"], {"result": True})
    check("notes: delete again", host.call("notes_delete", {"title": "rain"})["structured"], {"result": False})


def task(host: Host, tool: str) -> None:
    """Of the examples' tools the host may go on with this one's calls, and no other's, as tasks."""
    said = {listed["name"]: listed.get("_meta", {}).get("tandem/task") for listed in host.mcp("tools/list")["tools"]}
    ours = {name: task for name, task in said.items() if name.split("_")[0] == tool.split("_")[0]}
    check(f"{tool}: its calls may become tasks", ours, {name: "optional" if name == tool else None for name in ours})


def links(host: Host, port: int) -> None:
    task(host, "links_check")
    base = f"http://127.0.0.1:{port}"
    urls = [f"{base}/page", f"{base}/nowhere", "https://elsewhere.invalid/"]
    made = host.mcp("tools/call", name="links_check", arguments={"urls": urls}, _meta={"progressToken": "p"})
    states = made.get("structuredContent", made).get("result")
    check("links: http by grant", [(s["state"], s.get("status"), s.get("title")) for s in states], [
        ("alive", 200, "Bread & butter"), ("dead", 404, None), ("denied", None, None),
    ])  # fmt: skip
    check("links: progress", [p["progress"] for p in made["progress"]], [1, 2, 3])
    before = len(Pages.asked)
    for _ in range(2):
        check("links: title", host.call("links_title", {"url": f"{base}/page"}), {"text": "Bread & butter"})
    check("links: the second came from the cache", len(Pages.asked) - before, 1)
    check("links: a refused host", host.call("links_title", {"url": "https://elsewhere.invalid/"})["error"], "denied")
    large = host.call("links_title", {"url": f"{base}/large"})
    check("links: an answer that is too large", (large.get("error"), "is larger than" in large.get("message", "")), ("other", True))


def sender_count(host: Host, port: int) -> None:
    """Answers that are read part by part: only the SDKs that do so by a function have this tool."""
    base = f"http://127.0.0.1:{port}"
    whole = host.call("sender_count", {"url": f"{base}/huge"})
    expected = {"status": 200, "bytes": 64 * Pages.lines, "lines": Pages.lines}
    check("sender: an answer that is larger than the memory is read in parts", whole.get("structured", whole), expected)
    some = host.call("sender_count", {"url": f"{base}/huge", "enough": 1000})["structured"]
    check("sender: no more of it than is wanted", (some["status"], 1000 <= some["bytes"] < 1 << 20), (200, True))
    gone = host.call("sender_count", {"url": f"{base}/nowhere"})
    check("sender: what its reader refuses fails the request", (gone.get("error"), "nothing to count" in gone.get("message", "")), ("not-found", True))


def sender_all(host: Host, port: int, times: int) -> None:
    base = f"http://127.0.0.1:{port}"

    def send(*requests: dict) -> list[dict]:
        made = host.call("sender_all", {"requests": list(requests)})
        if "structured" not in made:
            raise Failure(f"sender_all: {made}")
        return made["structured"]["result"]

    made = send(*[{"method": "GET", "url": f"{base}/together"}] * 4)
    check("sender: requests wait together", [m["body"] for m in made], ["together"] * 4)
    # Ten at once, the last of which is not begun before another one has ended.
    late = {"method": "GET", "url": f"{base}/later", "timeout": 0.5}
    made = send(late, *[{"method": "GET", "url": f"{base}/page"}] * 8, late)
    Pages.released.set()
    check("sender: one that is late does not hold the others up", [m["status"] for m in made], [0] + [200] * 8 + [0])
    check("sender: … and says so", (made[0]["kind"], made[0]["reason"], "after 0.5 s" in made[0]["body"] or "after 500 ms" in made[0]["body"]),
          ("unavailable", "timeout", True))  # fmt: skip
    query = {"a&b": "1+1=2", "q": "New York/100%20 ü"}
    made = send({"method": "GET", "url": f"{base}/echo?first=1#part", "query": query})
    check("sender: parameters of the query arrive as they are", made[0]["body"], "/echo?first=1&a%26b=1%2B1%3D2&q=New%20York%2F100%2520%20%C3%BC")
    made = send({"method": "GET", "url": f"{base}/large"}, {"method": "GET", "url": f"{base}/page"})
    check("sender: an answer that is too large has its own error", [(m["status"], m.get("reason")) for m in made], [(0, "too-large"), (200, None)])
    part = "0123456789abcdef" * 4096
    sent = hashlib.sha256(part.encode() * times).hexdigest()
    Pages.some.clear()
    body = {"method": "POST", "url": f"{base}/", "body": part, "times": times, "ask": f"{base}/some"}
    made = send(body, {"method": "GET", "url": "http://127.0.0.1:1/"})
    check("sender: a body is sent while it is made", made[0]["body"], f"{len(part) * times} {sent}")
    check("sender: beside one that is refused", made[1]["kind"], "denied")
    made = send({"method": "POST", "url": f"{base}/full", "body": part, "times": times})
    check("sender: a server that takes no more is heard", made[0]["status"], 404)
    if "sender_count" in {tool["name"] for tool in host.mcp("tools/list")["tools"]}:
        sender_count(host, port)


def stranger(host: Host) -> None:
    check("stranger: an option that has no value", host.call("bounds", {"points": []}), {"structured": {"result": None}})
    listed = {tool["name"]: tool for tool in host.mcp("tools/list")["tools"]}
    check("stranger: what is not offered is not there", "init" in listed, False)
    area = listed["area"]
    check("stranger: the words of its WIT", area["description"], "The area of a shape, in square centimetres.")
    check("stranger: an option need not be given", area["inputSchema"]["required"], ["shape"])


def measure(host: Host, label: str, calls: int = 300) -> None:
    """Prints what a call of `words_count` costs: as the host counts it, over one kept connection, and by the command line."""
    arguments = {"text": "to weigh every word"}
    inside, outside = [], []
    for _ in range(calls):
        start = time.perf_counter()
        made = host.mcp("tools/call", name="words_count", arguments=arguments)
        outside.append((time.perf_counter() - start) * 1000)
        inside.append(made["_meta"]["tandem/duration_ms"])
    start = time.perf_counter()
    for _ in range(10):
        host.call("words_count", arguments)
    line = (time.perf_counter() - start) * 100
    print(
        f"      {label}: {statistics.median(inside):.3f} ms in the host (least {min(inside):.3f}), "
        f"{statistics.median(outside):.2f} ms over HTTP, {line:.1f} ms by `tandem tool call`"
    )


def pack(tandem: str, project: Path, manifest: str, work: Path, name: str) -> None:
    (work / f"{name}.toml").write_text(manifest)
    wit = ["--wit", project / "wit"] if (project / "wit").exists() else []
    subprocess.run(
        [tandem, "pack", project / "build/plugin.wasm", "--manifest", work / f"{name}.toml", *wit, "--key", work / "me.key",
         "-o", work / "plugins" / f"{name}.wasm"], check=True,
    )  # fmt: skip


def main() -> int:
    bench = "--bench" in sys.argv
    language, tandem, directory, *given = [a for a in sys.argv[1:] if a != "--bench"]
    projects = {name: Path(path) for name, path in (pair.split("=", 1) for pair in given)}
    work, tandem = Path(directory).resolve(), str(Path(tandem).resolve())
    (work / "plugins").mkdir(parents=True, exist_ok=True)
    subprocess.run([tandem, "keygen", work / "me", "--if-missing"], check=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    config = "".join(f'[grants.{name}]\nhttp = [{{ host = "127.0.0.1", port = {port} }}]\n' for name in ("links", "sender"))
    for name, project in projects.items():
        manifest = (project / "plugin.toml").read_text()
        pack(tandem, project, manifest.replace('host = "*.example.com"', f'host = "127.0.0.1", port = {port}'), work, name)
        print(f"      {name}: {os.path.getsize(project / 'build/plugin.wasm') / 1e6:.2f} MB")
    failed = False
    host = Host(tandem, work, config)
    try:
        for entry in host.entries():
            if "took_ms" in entry and "file" in entry:
                print(f"      {entry['file']}: {entry['message']} in {entry['took_ms']} ms")
        for name, project in projects.items():
            cases(host, project)
            {"words": template, "notes": notes, "links": lambda h: links(h, port),
             "sender": lambda h: sender_all(h, port, PARTS[language]),
             "stats": lambda h: task(h, "stats_describe"), "stranger": stranger}.get(name, lambda _: None)(host)
        "words" in projects and measure(host, f"{language}, fresh instance", 300 if bench else 20)
    except Failure as failure:
        failed = True
        print(f"FAIL  {failure}")
        problems = [e for e in host.entries() if e.get("level") in ("WARN", "ERROR")]
        print("\n".join(f"      {json.dumps(entry)}" for entry in problems[-5:]))
    finally:
        host.stop()
    if bench and not failed:
        for other in (work / "plugins").glob("*.wasm"):
            other.unlink()
        manifest = (projects["words"] / "plugin.toml").read_text()
        pooled = manifest.replace("[limits]", '[runtime]\ninstance = "pooled"\nmax-invocations = 10000\n\n[limits]')
        pack(tandem, projects["words"], pooled, work, "words")
        host = Host(tandem, work, config)
        try:
            measure(host, f"{language}, pooled instance")
        finally:
            host.stop()
    server.shutdown()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
