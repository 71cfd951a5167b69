"""Where the host's functions come from: the component's imports, or :mod:`tandem_sdk._local` outside of one."""

from __future__ import annotations

from typing import Any, Callable

from .errors import ToolError, refusal

try:
    from componentize_py_types import Err
    from wit_world.imports import cache, client, config, events, invoke, kv, log, secrets
except ImportError:
    from ._local import Err, cache, client, config, events, invoke, kv, log, secrets

__all__ = ["Err", "asked", "cache", "client", "config", "events", "invoke", "kv", "log", "secrets"]


def asked(interface: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls the host; what it refuses is a :class:`ToolError` of the fitting kind."""
    try:
        return function(*arguments)
    except Err as error:
        refused: ToolError = refusal(interface, error.value)
    raise refused
