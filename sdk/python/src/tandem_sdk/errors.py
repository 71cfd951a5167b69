"""Why a tool, resource or prompt gives no answer.

Raise one of these; its text reaches the client and its model. Any other exception becomes ``other``, with its type and
text, and its traceback goes to the operator's log. A refusal by the host keeps its kind: a denied ``kv`` is :class:`Denied`.
"""

from __future__ import annotations

from typing import Any


class ToolError(Exception):
    """A tool failed. ``kind`` is the case of the contract's ``tool-error`` that the client gets."""

    kind = "other"

    def __init__(self, message: str = "", *, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        #: The case of the host interface's own error, such as ``quota-exceeded``, when the host refused something.
        self.reason = reason


class InvalidArguments(ToolError):
    """The arguments are wrong in a way that the schema does not tell."""

    kind = "invalid-arguments"


class NotFound(ToolError):
    """Something that the arguments name is not there."""

    kind = "not-found"


class Denied(ToolError):
    """The plugin was refused a capability."""

    kind = "denied"


class Unavailable(ToolError):
    """Trying again later may help."""

    kind = "unavailable"


class MissingCapability(ToolError):
    """The tool cannot work without this client capability: ``elicitation``, ``sampling`` or ``roots``."""

    kind = "missing-capability"


class Cancelled(ToolError):
    """The tool stopped because the call was cancelled."""

    kind = "cancelled"

    def __init__(self, message: str = "cancelled", *, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)


class Failed(ToolError):
    """The tool failed and has content to say why: anything that a tool may answer."""

    kind = "failed"

    def __init__(self, output: Any) -> None:
        super().__init__(output if isinstance(output, str) else "the tool failed")
        self.output = output


# The cases of the host interfaces' errors, as the exceptions that a client should see.
_CASES: dict[str, tuple[type[ToolError], str]] = {
    "Denied": (Denied, "{}"),
    "NotFound": (NotFound, "{}"),
    "Unknown": (NotFound, "this plugin has no `{}`"),
    "Unsupported": (MissingCapability, "{}"),
    "Unavailable": (Unavailable, "{}"),
    "Timeout": (Unavailable, "no answer came in time"),
    "Cancelled": (Cancelled, "cancelled"),
    "InvalidArguments": (ToolError, "the called tool refused its arguments: {}"),
    "InvalidResponse": (ToolError, "the client's answer has the wrong form: {}"),
    "LimitExceeded": (Unavailable, "limit exceeded: {}"),
    "QuotaExceeded": (ToolError, "quota exceeded: {}"),
    "TooLarge": (ToolError, "too large: the bound is {}"),
}


def refusal(interface: str, case: Any) -> ToolError:
    """The exception for one case of a host interface's error variant, as the bindings give it."""
    name = type(case).__name__.removeprefix("Error_")
    value = getattr(case, "value", None)
    kind, text = _CASES.get(name, (ToolError, "{}"))
    message = text.format(f"{interface} failed" if value is None else value)
    if kind is ToolError:
        message = f"{interface}: {message}"
    reason = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).removeprefix("-")
    return kind(message, reason=reason)
