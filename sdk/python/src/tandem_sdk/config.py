"""Settings that the operator gave this plugin. Read only."""

from __future__ import annotations

from ._host import config as _host
from .errors import ToolError


def get(key: str, default: str | None = None) -> str | None:
    """One value, or ``default`` when the operator did not set it."""
    value = _host.get(key)
    return default if value is None else value


def all() -> dict[str, str]:
    """All keys and values, sorted by key."""
    return dict(_host.all())


def require(key: str) -> str:
    """One value that the plugin cannot do without; the error tells the operator which key is missing."""
    value = get(key)
    if value is None:
        raise ToolError(f"the setting `{key}` is missing: set it in the plugin's configuration")
    return value
