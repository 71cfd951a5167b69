"""A bounded in-memory cache, private to this plugin and tenant. An entry may vanish at any time.

Needs ``cache`` in the manifest's ``[request]``.
"""

from __future__ import annotations

import json
from typing import Any, Callable

from ._host import asked, cache as _host
from .errors import ToolError
from .schema import to_json


def get(key: str) -> bytes | None:
    """The value, or None when it was never set, expired or was evicted."""
    return asked("cache", _host.get, key)


def set(key: str, value: bytes, ttl: float | None = None) -> None:
    """Sets a value. It expires after ``ttl`` seconds, or when room is needed."""
    asked("cache", _host.set, key, value, None if ttl is None else int(ttl * 1000))


def delete(key: str) -> None:
    """Removes a value. Removing what is not there is no error."""
    asked("cache", _host.delete, key)


def get_or_set(key: str, make: Callable[[], Any], ttl: float | None = None) -> Any:
    """The JSON value of ``key``, worked out by ``make`` and kept for ``ttl`` seconds when it is not there."""
    found = get(key)
    if found is not None:
        try:
            return json.loads(found)
        except ValueError:
            pass  # something else wrote it: it is made again
    text = to_json(make())
    try:
        set(key, text.encode(), ttl)
    except ToolError as error:
        if error.reason != "too-large":  # what does not fit is worked out each time
            raise
    return json.loads(text)
