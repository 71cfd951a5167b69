"""Tells clients that what the plugin offers has changed."""

from __future__ import annotations

from typing import Literal

from ._host import asked, events as _host

Kind = Literal["tool", "prompt", "resource"]


def hide(kind: Kind, name: str) -> None:
    """Hides one of the plugin's own entries from the caller's tenant, until the plugin is reloaded or shows it again."""
    asked("events", _host.set_hidden, _host.EntryKind[kind.upper()], name, True)


def show(kind: Kind, name: str) -> None:
    """Shows an entry that was hidden."""
    asked("events", _host.set_hidden, _host.EntryKind[kind.upper()], name, False)


def resource_updated(uri: str) -> None:
    """Tells the subscribers of a resource, in the caller's tenant, that its content changed."""
    asked("events", _host.resource_updated, uri)
