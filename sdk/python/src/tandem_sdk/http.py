"""Outgoing HTTP, to the hosts that the manifest's ``[request]`` names and the operator grants.

A component built without ``http`` in its manifest has no such import: every request is ``Denied``. So it is in tests, unless
:func:`tandem_sdk.testing.answer_http` gives answers. A refused host is ``Denied`` as well.
"""

from __future__ import annotations

import json as _json
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping
from urllib.parse import quote, urlencode, urlsplit

from .errors import Denied, ToolError, Unavailable
from .schema import to_json

#: Bytes of an answer that are kept, unless `max_bytes` says otherwise: it is held in the guest's memory.
MAX_BYTES = 8 << 20
# Bytes that wasi:io takes in one write.
_WRITE = 4096
_READ = 64 << 10


@dataclass(frozen=True)
class Response:
    """An answer, with whatever status."""

    status: int
    #: By lower-case name. Of several headers of one name, the last.
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none is replaced."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON."""
        try:
            return _json.loads(self.body)
        except ValueError as error:
            raise ToolError(f"the answer is no JSON: {error}") from None

    def ok(self) -> Response:
        """The answer itself, if its status says success; else raises ``Unavailable`` (429, 5xx) or ``ToolError``."""
        if self.status < 400:
            return self
        kind = Unavailable if self.status == 429 or self.status >= 500 else ToolError
        raise kind(f"the server answered with status {self.status}")


Send = Callable[[str, str, list[tuple[str, str]], bytes, int], Response]


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    max_bytes: int = MAX_BYTES,
    query: Mapping[str, Any] | None = None,
) -> Response:
    """Sends a request and waits for the whole answer. ``json`` is a body that is written as JSON; ``query`` is added to the URL's
    query, percent-encoded: whatever a value holds, it stays one value.
    """
    url = _with_query(url, query or {})
    sent = list((headers or {}).items())
    if json is not None:
        body = to_json(json)
        if not any(name.lower() == "content-type" for name, _ in sent):
            sent.append(("content-type", "application/json"))
    return _send(method.upper(), url, sent, body.encode() if isinstance(body, str) else body or b"", max_bytes)


def _with_query(url: str, query: Mapping[str, Any]) -> str:
    if not query:
        return url
    before, mark, fragment = url.partition("#")
    joint = "?" if "?" not in before else "" if before.endswith(("?", "&")) else "&"
    return f"{before}{joint}{urlencode(query, quote_via=quote, safe='')}{mark}{fragment}"


def get(url: str, *, headers: Mapping[str, str] | None = None, query: Mapping[str, Any] | None = None) -> Response:
    """Sends a GET."""
    return request("GET", url, headers=headers, query=query)


def post(url: str, *, json: Any = None, body: bytes | str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Sends a POST."""
    return request("POST", url, headers=headers, body=body, json=json)


def _denied(method: str, url: str, *_: Any) -> Response:
    raise Denied(f"no http for {method} {url}: the manifest's `[request]` does not name any host")


def _failed(code: Any) -> ToolError:
    name = type(code).__name__.removeprefix("ErrorCode_")
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
    if name in ("HttpRequestDenied", "DestinationIpProhibited"):
        return Denied(f"http: {words}: no grant covers this host, port, method and path")
    detail = getattr(code, "value", None)
    text = f"http: {words}" if detail is None else f"http: {words}: {detail}"
    transient = name.startswith(("Dns", "Connection", "Destination")) or name.endswith("Timeout")
    return (Unavailable if transient else ToolError)(text)


def _through_wasi() -> Send:
    from componentize_py_types import Err, Ok
    from wit_world.imports import http_types as types, outgoing_handler, streams

    methods = {
        name.upper(): getattr(types, f"Method_{name}")
        for name in ("Get", "Head", "Post", "Put", "Delete", "Options", "Patch")
    }

    def write(body: Any, content: bytes) -> None:
        with body.write() as stream:
            for start in range(0, len(content), _WRITE):
                stream.blocking_write_and_flush(content[start : start + _WRITE])
        types.OutgoingBody.finish(body, None)

    def read(response: Any, max_bytes: int) -> bytes:
        kept = bytearray()
        with response.consume() as body, body.stream() as stream:
            while True:
                try:
                    kept += stream.blocking_read(_READ)
                except Err as error:
                    if isinstance(error.value, streams.StreamError_Closed):
                        return bytes(kept)
                    raise Unavailable("http: the answer broke off") from None
                if len(kept) > max_bytes:
                    raise ToolError(f"http: the answer is larger than {max_bytes} bytes")

    def send(method: str, url: str, headers: list[tuple[str, str]], content: bytes, max_bytes: int) -> Response:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ToolError(f"`{url}` is no http or https URL")
        try:
            fields = types.Fields.from_list([(name, value.encode()) for name, value in headers])
        except Err:
            raise ToolError("http: a header is malformed or forbidden") from None
        asked = types.OutgoingRequest(fields)
        try:
            known = methods.get(method)
            asked.set_method(known() if known else types.Method_Other(method))
            asked.set_scheme(types.Scheme_Https() if parts.scheme == "https" else types.Scheme_Http())
            asked.set_authority(parts.netloc)
            asked.set_path_with_query((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        except Err:
            raise ToolError(f"http: `{method} {url}` is malformed") from None
        body = asked.body()
        try:
            coming = outgoing_handler.handle(asked, None)
            write(body, content)
        except Err as error:
            raise _failed(error.value) from None
        with coming:
            with coming.subscribe() as ready:
                ready.block()
            answer = coming.get()
        if not (isinstance(answer, Ok) and isinstance(answer.value, Ok)):
            raise _failed(getattr(getattr(answer, "value", None), "value", None))
        with answer.value.value as response:
            with response.headers() as given:
                got = {name.lower(): value.decode("latin-1") for name, value in given.entries()}
            return Response(response.status(), got, read(response, max_bytes))

    return send


try:
    _send: Send = _through_wasi()
except ImportError:
    _send = _denied
