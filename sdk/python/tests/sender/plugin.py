"""Sends whatever requests it is asked to, and tells what came of them: what the examples do not use of http."""

from dataclasses import dataclass, field
from typing import Annotated, Iterator

from tandem_sdk import Arg, ToolError, http, tool


@dataclass
class Asked:
    """A request.

    Attributes:
        method: Its method.
        url: Where it goes.
        headers: Its headers.
        query: What is added to its query.
        body: A part of its body.
        times: How often that part is in it.
        ask: What is fetched before the last part.
        timeout: Seconds after which it is given up.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: str = ""
    times: int = 1
    ask: str | None = None
    timeout: float | None = None


@dataclass
class Came:
    """What came of a request.

    Attributes:
        status: Its status.
        kind: Its header `x-kind`, or the kind of the error.
        body: Its body, or the error's text.
        reason: The error's reason.
    """

    status: int
    kind: str
    body: str
    reason: str | None = None


def _parts(asked: Asked) -> Iterator[bytes]:
    """Its body, as parts that are made one after the other."""
    for at in range(asked.times):
        if asked.ask and at == asked.times - 1:
            http.get(asked.ask).ok()
        yield asked.body.encode()


@tool(destructive=True, open_world=True)
def sender_all(requests: Annotated[list[Asked], Arg(max_length=32)]) -> list[Came]:
    """Sends requests, several at a time.

    Args:
        requests: The requests.
    """
    made = http.send_all(
        http.Request(
            asked.method,
            asked.url,
            headers=asked.headers,
            query=asked.query,
            body=_parts(asked),
            max_bytes=1000,
            timeout=asked.timeout,
        )
        for asked in requests
    )
    return [
        Came(0, one.kind, one.message, one.reason)
        if isinstance(one, ToolError)
        else Came(one.status, one.headers.get("x-kind", ""), one.text)
        for one in made
    ]
