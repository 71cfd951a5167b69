"""http through wasi:http 0.2, several requests at a time. What it imports is only in components whose manifest requests http."""

from __future__ import annotations

from typing import Any, Sequence
from urllib.parse import urlsplit

from componentize_py_types import Err, Ok
from wit_world.imports import http_types as types, monotonic_clock, outgoing_handler, poll, streams

from .errors import Denied, ToolError, Unavailable
from .http import Response, Sent, too_large

# Bytes that are asked for in one read.
_READ = 64 << 10
# Requests that wait for their answers at a time: the host lets one call have 16 connections.
_AT_ONCE = 8
_METHODS = {
    name.upper(): getattr(types, f"Method_{name}") for name in ("Get", "Head", "Post", "Put", "Delete", "Options", "Patch")
}


def send_all(requests: Sequence[Sent]) -> list[Response | ToolError]:
    """Sends requests, up to eight of them at a time, and answers in their order."""
    flights = [_Flight(sent) for sent in requests]
    try:
        while under_way := [flight for flight in flights if flight.result is None][:_AT_ONCE]:
            for flight in under_way:
                flight.start()
            under_way = [flight for flight in under_way if flight.result is None]
            if under_way:
                _wait(under_way)
            for flight in under_way:
                flight.advance()
        return [flight.result for flight in flights if flight.result is not None]
    finally:
        for flight in flights:
            flight.end()


def _wait(flights: list[_Flight]) -> None:
    """Until one of them can go on, or is late."""
    wakers = [waker for flight in flights for waker in flight.wakers()]
    times = [flight.until for flight in flights if flight.until is not None]
    if times:
        wakers.append(monotonic_clock.subscribe_duration(max(0, min(times) - monotonic_clock.now())))
    try:
        poll.poll(wakers)
    finally:
        # They are children of what the flights hold, and go before it.
        for waker in wakers:
            _drop(waker)


class _Flight:
    """A request on its way."""

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self.result: Response | ToolError | None = None
        #: When it is given up, by the monotonic clock.
        self.until: int | None = None
        self._part = memoryview(b"")
        self._flushed = False
        self._kept = bytearray()
        # What it holds of the host: the body that goes, the answer to come, the answer, and the body that comes.
        self._outgoing = self._to = self._coming = self._response = self._incoming = self._from = None

    def start(self) -> None:
        if self._coming is not None or self._response is not None:
            return
        try:
            asked = _prepared(self.sent)
            if self.sent.timeout is not None:
                self.until = monotonic_clock.now() + int(self.sent.timeout * 1e9)
            self._outgoing = asked.body()
            self._coming = outgoing_handler.handle(asked, None)
            self._to = self._outgoing.write()
        except Err as error:
            self.result = _failed(error.value)
        except ToolError as error:
            self.result = error

    def wakers(self) -> list[Any]:
        return [source.subscribe() for source in (self._to, self._coming, self._from) if source is not None]

    def advance(self) -> None:
        """Goes on as far as it can without waiting, by one part."""
        try:
            if self._to is not None:
                self._write()
            if self._coming is not None:
                self._take_head()
            if self._from is not None:
                self._read()
        except ToolError as error:
            self.result = error
        if self.result is None and self.until is not None and monotonic_clock.now() >= self.until:
            why = f"http: `{self.sent.method} {self.sent.url}` had no answer after {self.sent.timeout} s"
            self.result = Unavailable(why, reason="timeout")
        if self.result is not None:
            self.end()

    def end(self) -> None:
        """Lets go of what it holds, children before their parents. A body that is not finished is broken off."""
        for name in ("_to", "_outgoing", "_coming", "_from", "_incoming", "_response"):
            held = getattr(self, name)
            setattr(self, name, None)
            if held is not None:
                _drop(held)

    def _write(self) -> None:
        while not self._part:
            part = next(self.sent.parts, None)
            if part is None:
                return self._finish()
            self._part = memoryview(part)
        try:
            room = self._to.check_write()
            if room:
                self._to.write(bytes(self._part[:room]))
                self._part = self._part[room:]
        except Err:
            self._stop_writing()

    def _finish(self) -> None:
        try:
            if not self._flushed:
                self._to.flush()
                self._flushed = True
            if self._to.check_write() == 0:
                return
            _drop(self._to)
            body, self._to, self._outgoing = self._outgoing, None, None
            types.OutgoingBody.finish(body, None)
        except Err as error:
            if self._to is None:
                raise _failed(error.value) from None
            self._stop_writing()

    def _stop_writing(self) -> None:
        """The server takes no more: its answer, or the error of it, says why."""
        _drop(self._to)
        _drop(self._outgoing)
        self._to = self._outgoing = None

    def _take_head(self) -> None:
        answer = self._coming.get()
        if answer is None:
            return
        _drop(self._coming)
        self._coming = None
        if not (isinstance(answer, Ok) and isinstance(answer.value, Ok)):
            raise _failed(getattr(getattr(answer, "value", None), "value", None))
        self._response = answer.value.value
        self._incoming = self._response.consume()
        self._from = self._incoming.stream()

    def _read(self) -> None:
        try:
            self._kept += self._from.read(_READ)
        except Err as error:
            if not isinstance(error.value, streams.StreamError_Closed):
                raise Unavailable("http: the answer broke off", reason="connection-terminated") from None
            with self._response.headers() as given:
                headers = {name.lower(): value.decode("latin-1") for name, value in given.entries()}
            self.result = Response(self._response.status(), headers, bytes(self._kept))
        if len(self._kept) > self.sent.max_bytes:
            raise too_large(self.sent.max_bytes)


def _drop(resource: Any) -> None:
    resource.__exit__(None, None, None)


def _prepared(sent: Sent) -> Any:
    parts = urlsplit(sent.url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ToolError(f"http: `{sent.url}` is no http or https URL", reason="invalid")
    try:
        fields = types.Fields.from_list([(name, value.encode()) for name, value in sent.headers])
    except Err:
        raise ToolError(f"http: a header of `{sent.method} {sent.url}` is malformed or forbidden", reason="invalid") from None
    asked = types.OutgoingRequest(fields)
    try:
        known = _METHODS.get(sent.method)
        asked.set_method(known() if known else types.Method_Other(sent.method))
        asked.set_scheme(types.Scheme_Https() if parts.scheme == "https" else types.Scheme_Http())
        asked.set_authority(parts.netloc)
        asked.set_path_with_query((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    except Err:
        raise ToolError(f"http: `{sent.method} {sent.url}` is malformed", reason="invalid") from None
    return asked


def _failed(code: Any) -> ToolError:
    """The error of a code of wasi:http: `ErrorCode_ConnectionRefused` is `connection-refused`."""
    name = type(code).__name__.removeprefix("ErrorCode_")
    reason = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).removeprefix("-")
    if name in ("HttpRequestDenied", "DestinationIpProhibited"):
        return Denied(f"http: {reason}: no grant covers this host, port, method and path", reason=reason)
    detail = getattr(code, "value", None)
    transient = name.startswith(("Dns", "Connection", "Destination")) or name.endswith("Timeout")
    return (Unavailable if transient else ToolError)(f"http: {reason}" + ("" if detail is None else f": {detail}"), reason=reason)
