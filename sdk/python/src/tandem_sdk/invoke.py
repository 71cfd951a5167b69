"""Calls other tools through the router: as the same caller, within the remaining deadline, under a depth limit.

Needs ``invoke`` in the manifest's ``[request]``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ._host import asked, invoke as _host
from .errors import ToolError
from .schema import to_json


@dataclass(frozen=True)
class Output:
    """What another tool answered. One that says it failed is an answer too: see ``is_error``."""

    #: MCP content blocks.
    content: list[dict[str, Any]]
    #: The structured result, parsed, or None.
    structured: Any
    is_error: bool

    @property
    def text(self) -> str:
        """The text blocks, one a line."""
        return "\n".join(block["text"] for block in self.content if "text" in block)


def call_tool(tool: str, **arguments: Any) -> Output:
    """Calls ``tool``. A tool that says it failed is an answer, not an exception."""
    made = asked("invoke", _host.call_tool, tool, to_json(arguments))
    return Output(
        json.loads(made.content), None if made.structured is None else json.loads(made.structured), made.is_error
    )


def call(tool: str, **arguments: Any) -> Any:
    """Calls ``tool`` and answers its structured result, or its text when it has none.

    Raises:
        ToolError: the call was not run, or the tool failed.
    """
    made = call_tool(tool, **arguments)
    if made.is_error:
        raise ToolError(f"`{tool}` failed: {made.text}")
    return made.text if made.structured is None else made.structured
