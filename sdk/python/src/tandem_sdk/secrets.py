"""The operator's secrets for this plugin.

A plugin works with placeholders: it puts one where the secret belongs in an outgoing request, and the host puts the secret in its
place when the request leaves. Needs ``secrets`` in the manifest's ``[request]``.
"""

from __future__ import annotations

from ._host import asked, secrets as _host


def names() -> list[str]:
    """The names of the secrets that the plugin has, sorted."""
    return asked("secrets", _host.list)


def placeholder(name: str) -> str:
    """A text that stands for the secret in headers and queries of this call's outgoing requests. Worth nothing elsewhere."""
    return asked("secrets", _host.placeholder, name)


def reveal(name: str) -> str:
    """The secret itself. Needs a grant of its own (``reveal-secrets``)."""
    return asked("secrets", _host.reveal, name)
