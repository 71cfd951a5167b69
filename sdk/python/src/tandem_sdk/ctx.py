"""The call that is being served. Annotate a parameter with :class:`Ctx` to get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import cache, client, config, events, http, invoke, kv, log, secrets
from .errors import Cancelled


@dataclass(frozen=True)
class Principal:
    """On whose behalf a call runs."""

    #: The tenant whose quotas, files and keys the call uses.
    tenant: str
    #: The authenticated subject, or ``anonymous``.
    subject: str
    #: The scopes that the subject was given.
    scopes: list[str]


class Ctx:
    """One call: who asks, how long it may take, how far it is, and what the host offers."""

    # The modules of the same names, for those who like them at hand.
    cache, client, config, events, http, invoke, kv, log, secrets = (
        cache, client, config, events, http, invoke, kv, log, secrets,
    )  # fmt: skip

    __slots__ = ("_call",)

    def __init__(self, call: Any) -> None:
        self._call = call

    @property
    def id(self) -> str:
        """The request's id, as it stands in the operator's log."""
        return self._call.id()

    def remaining(self) -> float:
        """Seconds that are left until the wall-clock deadline; 0 when it has passed."""
        return self._call.remaining_ms() / 1000

    def cancelled(self) -> bool:
        """Whether the client gave the call up. Return soon when it did: the host stops the call in any case."""
        return self._call.cancelled()

    def check(self) -> None:
        """Stops the loop of a call that was given up.

        Raises:
            Cancelled: the client gave the call up.
        """
        if self.cancelled():
            raise Cancelled()

    def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Tells the client how far the call is. ``done`` must grow; ``total`` is in the same unit, if known."""
        self._call.progress(float(done), None if total is None else float(total), message)

    @property
    def principal(self) -> Principal:
        """On whose behalf the call runs."""
        who = self._call.principal()
        return Principal(who.tenant, who.subject, list(who.scopes))
