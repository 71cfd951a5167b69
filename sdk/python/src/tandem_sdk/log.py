"""Log lines. They go to the operator's log, and to the client when it asked for the level.

``print`` is for the operator's eyes only, and bounded too. What is over the bound is counted and dropped, never an error.
"""

from __future__ import annotations

from typing import Any

from ._host import log as _host
from .schema import to_json


def write(level: str, data: Any, logger: str | None = None) -> None:
    """Writes one entry: any value with a JSON form, under the name of a part of the plugin, if given.

    Args:
        level: ``debug``, ``info``, ``notice``, ``warning``, ``error``, ``critical``, ``alert`` or ``emergency``.
    """
    _host.write(_host.Level[level.upper()], logger, to_json(data))


def debug(data: Any) -> None:
    """Detail for debugging."""
    write("debug", data)


def info(data: Any) -> None:
    """Normal operation."""
    write("info", data)


def notice(data: Any) -> None:
    """Normal but significant."""
    write("notice", data)


def warning(data: Any) -> None:
    """Something looks wrong."""
    write("warning", data)


def error(data: Any) -> None:
    """An operation failed."""
    write("error", data)
