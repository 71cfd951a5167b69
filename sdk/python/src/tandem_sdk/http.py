"""Outgoing HTTP, to the hosts that the manifest's ``[request]`` names and the operator grants.

An answer is waited for and held whole, up to ``max_bytes``. :func:`send_all` sends several requests at a time; a body that is an
iterable of parts is sent while it is made.

A component built without ``http`` in its manifest has no such import: every request is ``Denied``. So it is in tests, unless
:func:`tandem_sdk.testing.answer_http` gives answers. A refused host is ``Denied`` as well, and what cannot be reached, does not answer
in time or breaks off is ``Unavailable``. The error's ``reason`` is ``timeout``, ``too-large``, ``invalid`` (a malformed URL, method
or header), or the code of wasi:http, such as ``connection-refused``.
"""

from __future__ import annotations

import json as _json
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence, TypedDict, Unpack
from urllib.parse import quote, urlencode

from .errors import Denied, ToolError, Unavailable
from .schema import to_json

#: Bytes of an answer that are kept, unless `max_bytes` says otherwise: it is held in the guest's memory.
MAX_BYTES = 8 << 20


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
            raise ToolError(f"the answer is not JSON: {error}") from None

    def ok(self) -> Response:
        """The answer itself, if its status says success; else raises ``Unavailable`` (429, 5xx) or ``ToolError``."""
        if self.status < 400:
            return self
        kind = Unavailable if self.status == 429 or self.status >= 500 else ToolError
        raise kind(f"the server answered with status {self.status}")


@dataclass
class Request:
    """A request that is being made up: :meth:`send` sends it, :func:`send_all` several."""

    method: str
    #: http or https.
    url: str
    headers: Mapping[str, str] | None = None
    #: Its body, or the parts of one: a generator's, say. They are sent while they are made; what it raises ends the request.
    body: bytes | str | Iterable[bytes | str] | None = None
    #: A body that is written as JSON, in place of ``body``.
    json: Any = None
    #: Added to the URL's query, percent-encoded: whatever a value holds, it stays one value.
    query: Mapping[str, Any] | None = None
    #: A longer answer is an error.
    max_bytes: int = MAX_BYTES
    #: Seconds after which it is given up as ``Unavailable``. Without it, when the call's deadline has come.
    timeout: float | None = None

    def send(self) -> Response:
        """Sends it, and waits for the whole answer."""
        answer = send_all([self])[0]
        if isinstance(answer, ToolError):
            raise answer
        return answer


class Options(TypedDict, total=False):
    """What a request may have, as :class:`Request` has it."""

    headers: Mapping[str, str] | None
    body: bytes | str | Iterable[bytes | str] | None
    json: Any
    query: Mapping[str, Any] | None
    max_bytes: int
    timeout: float | None


def request(method: str, url: str, **options: Unpack[Options]) -> Response:
    """Sends a request and waits for the whole answer."""
    return Request(method, url, **options).send()


def get(url: str, **options: Unpack[Options]) -> Response:
    """Sends a GET."""
    return request("GET", url, **options)


def post(url: str, **options: Unpack[Options]) -> Response:
    """Sends a POST."""
    return request("POST", url, **options)


def send_all(requests: Iterable[Request]) -> list[Response | ToolError]:
    """Sends requests, up to eight at a time, and waits for all answers: in the order of the requests, each an answer or its error."""
    return _send_all([_sent(request) for request in requests])


@dataclass(frozen=True)
class Sent:
    """A request as it goes out."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    parts: Iterator[bytes]
    max_bytes: int
    timeout: float | None


def _sent(request: Request) -> Sent:
    headers, body = list((request.headers or {}).items()), request.body
    if request.json is not None:
        body = to_json(request.json)
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("content-type", "application/json"))
    parts = [body or b""] if isinstance(body, (bytes, bytearray, str)) or body is None else body
    return Sent(
        request.method.upper(),
        _with_query(request.url, request.query or {}),
        headers,
        (part.encode() if isinstance(part, str) else part for part in parts),
        request.max_bytes,
        request.timeout,
    )


def _with_query(url: str, query: Mapping[str, Any]) -> str:
    if not query:
        return url
    before, mark, fragment = url.partition("#")
    joint = "?" if "?" not in before else "" if before.endswith(("?", "&")) else "&"
    return f"{before}{joint}{urlencode(query, quote_via=quote, safe='')}{mark}{fragment}"


def too_large(max_bytes: int) -> ToolError:
    """The error of an answer that is longer than what is kept."""
    return ToolError(f"http: the answer is larger than {max_bytes} bytes", reason="too-large")


Answer = Callable[[Sent], Response]


def _each(answer: Answer) -> Callable[[Sequence[Sent]], list[Response | ToolError]]:
    """Answers one request after the other, where no server is asked."""

    def one(sent: Sent) -> Response | ToolError:
        try:
            response = answer(sent)
        except ToolError as error:
            return error
        return too_large(sent.max_bytes) if len(response.body) > sent.max_bytes else response

    return lambda requests: [one(sent) for sent in requests]


def _denied(sent: Sent) -> Response:
    why = f"no http for {sent.method} {sent.url}: the manifest's `[request]` does not name any host"
    raise Denied(why, reason="http-request-denied")


try:
    from ._wasi_http import send_all as _send_all
except ImportError:
    _send_all = _each(_denied)
