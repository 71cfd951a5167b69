"""Calls a plugin's entries as a host does, for the plugin's own tests, without building a component.

``kv``, ``cache``, settings, secrets and the client's answers live in this process; :func:`reset` forgets them. What a capability's
refusal looks like shows after :func:`deny`.
"""

from __future__ import annotations

from typing import Any, Callable

from . import _local, http
from .content import Completion, Contents, PromptOutput, ToolOutput
from .ctx import Ctx
from .errors import NotFound
from .plugin import PLUGIN
from .schema import to_json


def reset() -> None:
    """Forgets all that was stored, logged, set and denied. The plugin's entries stay."""
    _local.reset()
    http._send_all = http._each(http._denied)


def forget_plugin() -> None:
    """Forgets the plugin's entries too: for tests that declare their own."""
    PLUGIN.__init__()  # type: ignore[misc]


def state() -> _local.State:
    """What the local host knows: ``kv``, ``cache``, ``log``, ``progress``, … to look at and to fill."""
    return _local.STATE


def ctx() -> Ctx:
    """A context of no call."""
    return Ctx(_local.Call())


def deny(*capabilities: str) -> None:
    """Refuses capabilities from now on: ``kv``, ``cache``, ``invoke``, ``reveal-secrets``."""
    _local.STATE.denied.update(capabilities)


def answer_http(answer: Callable[[str, str, dict[str, str], bytes], http.Response]) -> None:
    """Answers requests by a function of method, URL, headers and body."""
    http._send_all = http._each(lambda sent: answer(sent.method, sent.url, dict(sent.headers), b"".join(sent.parts)))


def call(tool: str, /, **arguments: Any) -> ToolOutput:
    """Calls a tool, its arguments checked as in a host. What the tool raises comes out."""
    return PLUGIN.call(ctx(), tool, to_json(arguments))


def read(uri: str) -> list[Contents]:
    """Reads a resource."""
    return PLUGIN.read(ctx(), uri)


def prompt(name: str, /, **arguments: str) -> PromptOutput:
    """Fills a prompt in."""
    return PLUGIN.get_prompt(ctx(), name, arguments)


def complete(argument: str, value: str, *, prompt: str = "", template: str = "", **settled: str) -> Completion:
    """Completes an argument of a prompt, or a variable of a resource template."""
    of = ("prompt", prompt, argument) if prompt else ("template", template, argument)
    return PLUGIN.complete(ctx(), of, value, settled)


def schemas(tool: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A tool's input and output schema."""
    found = PLUGIN.tools.get(tool)
    if found is None:
        raise NotFound(f"this plugin has no tool `{tool}`")
    return found.input_schema, found.output_schema
