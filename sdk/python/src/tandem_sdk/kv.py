"""A durable key-value store, private to this plugin and tenant. A write that returned is on disk.

Needs ``kv`` in the manifest's ``[request]``; without the grant every function raises ``Denied``.
"""

from __future__ import annotations

import json
from typing import Any, Iterator, Mapping, NamedTuple

from ._host import asked, kv as _host
from .errors import ToolError
from .schema import to_json

#: Keys a page holds at most.
_PAGE = 1000


class KeyPage(NamedTuple):
    """One page of keys, sorted by bytes. Pass ``next`` to get the next page; it is None on the last."""

    keys: list[str]
    next: str | None


def get(key: str) -> bytes | None:
    """The value, or None."""
    return asked("kv", _host.get, key)


def set(key: str, value: bytes) -> None:
    """Sets a value, durably."""
    asked("kv", _host.set, key, value)


def set_many(entries: Mapping[str, bytes]) -> None:
    """Sets several values in one durable transaction: all of them or none."""
    asked("kv", _host.set_many, list(entries.items()))


def compare_and_set(key: str, expected: bytes | None, value: bytes) -> bool:
    """Sets a value only while the present one equals ``expected`` (None: only when there is none). Answers whether it was set."""
    return asked("kv", _host.compare_and_set, key, expected, value)


def delete(key: str) -> bool:
    """Removes a value. Answers whether it was there."""
    return asked("kv", _host.delete, key)


def list_keys(prefix: str = "", limit: int = _PAGE, after: str | None = None) -> KeyPage:
    """One page of the keys that start with ``prefix``, at most ``limit`` (1 to 1000), after the page before it."""
    page = asked("kv", _host.list_keys, prefix, limit, after)
    return KeyPage(page.keys, page.next)


def keys(prefix: str = "") -> Iterator[str]:
    """All keys that start with ``prefix``, page by page."""
    after = None
    while True:
        page = list_keys(prefix, _PAGE, after)
        yield from page.keys
        if page.next is None:
            return
        after = page.next


def get_json(key: str, default: Any = None) -> Any:
    """The value, read as JSON; ``default`` when there is none."""
    value = get(key)
    if value is None:
        return default
    try:
        return json.loads(value)
    except ValueError as error:
        raise ToolError(f"reading `{key}` from kv: {error}") from None


def set_json(key: str, value: Any) -> None:
    """Sets a value, written as JSON. Dataclasses and enums have a JSON form."""
    set(key, to_json(value).encode())
