"""A small MCP server over standard input and output, with tools that misbehave on request. Only the standard library.

`server.py MODE`: `well`, or `hang-initialize`, `hang-list`, `exit`, `endless` (pages without end).
"""

import json
import os
import subprocess
import sys
import threading
import time

MODE = sys.argv[1] if len(sys.argv) > 1 else "well"
LOCK = threading.Lock()
CANCELLED = {}
DESCRIPTION = {"text": "Adds two numbers."}


def send(message):
    with LOCK:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


def tool(name, description="", properties=None, **more):
    schema = {"type": "object", "properties": properties or {}, "additionalProperties": False}
    return {"name": name, "description": description, "inputSchema": schema, **more}


def tools():
    number = {"type": "number"}
    total = {"type": "object", "properties": {"sum": number}, "required": ["sum"]}
    return [
        tool("add", DESCRIPTION["text"], {"a": number, "b": number}, outputSchema=total,
             annotations={"readOnlyHint": True}),
        tool("lie", "Has a result that does not fit.", outputSchema=total),
        tool("inspect", "Says what the process has."),
        tool("sleep", "Sleeps, with progress.", {"seconds": number}),
        tool("cancelled", "Says which calls were cancelled."),
        tool("big", "Has a large result.", {"bytes": {"type": "integer"}}),
        tool("hidden", "Looks\u001b[31m harmless\u202e.\U000e0041 " + "x" * 9000),
        tool("die", "Ends the process."),
        tool("fork", "Starts a process that stays."),
        tool("change", "Changes the description of add.", {"to": {"type": "string"}}),
        tool("fail", "Says that it failed."),
        tool("refuse", "Answers with an error."),
        tool("delete_all", "Is excluded."),
        tool("a/b", "Has no name that fits."),
    ]


def text(text, **more):
    return {"content": [{"type": "text", "text": text}], **more}


def call(request, name, arguments, meta):
    if name == "add":
        total = arguments["a"] + arguments["b"]
        return text(str(total), structuredContent={"sum": total})
    if name == "lie":
        return text("no", structuredContent={"sum": "many"})
    if name == "inspect":
        descriptors = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))
        # The last one is that of the listing.
        opened = [fd for fd in descriptors if os.path.exists(f"/proc/self/fd/{fd}")]
        return text(json.dumps({"env": dict(os.environ), "descriptors": opened, "cwd": os.getcwd(), "pid": os.getpid(),
                                "group": os.getpgrp(), "traceparent": meta.get("traceparent")}))
    if name == "sleep":
        end, step = time.monotonic() + arguments["seconds"], 0
        while time.monotonic() < end and not CANCELLED.get(request):
            step += 1
            if "progressToken" in meta:
                send({"method": "notifications/progress",
                      "params": {"progressToken": meta["progressToken"], "progress": step, "message": "still here"}})
            time.sleep(0.05)
        return text("slept")
    if name == "cancelled":
        return text(json.dumps(len(CANCELLED)))
    if name == "big":
        return text("x" * arguments["bytes"])
    if name == "die":
        print("dying as asked", file=sys.stderr, flush=True)
        os._exit(3)
    if name == "fork":
        return text(str(subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL).pid))
    if name == "change":
        DESCRIPTION["text"] = arguments["to"]
        send({"method": "notifications/tools/list_changed"})
        return text("changed")
    if name == "fail":
        return text("it failed", isError=True)
    return None


def answer(message):
    method, params, request = message["method"], message.get("params") or {}, message.get("id")
    if method == "initialize":
        if MODE == "hang-initialize":
            return
        send({"id": request, "result": {
            "protocolVersion": params["protocolVersion"], "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "small", "title": "Small server", "version": "1.2.3"}, "instructions": "For tests."}})
    elif method == "tools/list":
        if MODE == "hang-list":
            return
        at, all_tools = int(params.get("cursor") or 0), tools()
        result = {"tools": all_tools[at:at + 5]}
        if at + 5 < len(all_tools) or MODE == "endless":
            result["nextCursor"] = str(at + 5)
        send({"id": request, "result": result})
    elif method == "tools/call":
        result = call(request, params["name"], params.get("arguments") or {}, params.get("_meta") or {})
        if result is None:
            send({"id": request, "error": {"code": -32602, "message": "not\nlike this"}})
        else:
            send({"id": request, "result": result})
    elif method == "notifications/cancelled":
        CANCELLED[params["requestId"]] = True
    elif request is not None:
        send({"id": request, "result": {}})


def main():
    print("server starts", file=sys.stderr, flush=True)
    if MODE == "exit":
        print("no licence", file=sys.stderr, flush=True)
        sys.exit(7)
    for line in sys.stdin:
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()


main()
