"""Serves the plugin to the host: the contract's exports, under the names that componentize-py looks for.

The built component's entry module imports the author's module, then these classes.
"""

from __future__ import annotations

import json
import traceback
from typing import Any, Callable

from componentize_py_types import Err
from wit_world.imports import plugin_types as wit

from . import log
from .content import Audio, Contents, Content, Image, Link, Message, Text, ToolOutput, blocks
from .ctx import Ctx
from .errors import Cancelled, Failed, InvalidArguments, ToolError
from .plugin import PLUGIN
from .schema import to_json

_ERRORS = {
    "invalid-arguments": wit.ToolError_InvalidArguments,
    "not-found": wit.ToolError_NotFound,
    "denied": wit.ToolError_Denied,
    "unavailable": wit.ToolError_Unavailable,
    "missing-capability": wit.ToolError_MissingCapability,
}


class Tools:
    """The tools of the category."""

    def describe(self) -> list[Any]:
        return [
            wit.ToolDescriptor(
                tool.name,
                tool.title,
                tool.description,
                to_json(tool.input_schema),
                None if tool.output_schema is None else to_json(tool.output_schema),
                wit.ToolAnnotations(tool.read_only, tool.destructive, tool.idempotent, tool.open_world),
                None if tool.meta is None else to_json(tool.meta),
            )
            for tool in PLUGIN.tools.values()
        ]

    def call(self, ctx: Any, name: str, arguments: str) -> Any:
        return _served(ctx, name, lambda call: _output(PLUGIN.call(call, name, arguments)))


class Resources:
    """The resources of the category."""

    def describe(self) -> list[Any]:
        listed = [r for r in PLUGIN.resources.values() if r.pattern is None]
        return [wit.ResourceDescriptor(r.uri, r.name, r.title, r.description, r.mime_type) for r in listed]

    def describe_templates(self) -> list[Any]:
        families = [r for r in PLUGIN.resources.values() if r.pattern is not None]
        return [wit.ResourceTemplate(r.uri, r.name, r.title, r.description, r.mime_type) for r in families]

    def read(self, ctx: Any, uri: str) -> list[Any]:
        return _served(ctx, uri, lambda call: [_contents(c) for c in PLUGIN.read(call, uri)])


class Prompts:
    """The prompts of the category."""

    def describe(self) -> list[Any]:
        return [
            wit.PromptDescriptor(p.name, p.title, p.description, [wit.PromptArgument(*a) for a in p.arguments])
            for p in PLUGIN.prompts.values()
        ]

    def get(self, ctx: Any, name: str, arguments: str) -> Any:
        def serve(call: Ctx) -> Any:
            made = PLUGIN.get_prompt(call, name, _texts(arguments))
            return wit.PromptOutput(made.description, [_message(m) for m in made.messages])

        return _served(ctx, name, serve)

    def complete(self, ctx: Any, reference: Any, argument: str, value: str, arguments: str) -> Any:
        kind = "prompt" if isinstance(reference, wit.CompletionReference_Prompt) else "template"

        def serve(call: Ctx) -> Any:
            made = PLUGIN.complete(call, (kind, reference.value, argument), value, _texts(arguments))
            return wit.Completion(made.values, made.total, made.has_more)

        return _served(ctx, argument, serve)


class Lifecycle:
    """The check before the plugin serves."""

    def check(self) -> None:
        for check in PLUGIN.checks:
            try:
                check()
            except Exception as error:
                failure = Err(str(error) if isinstance(error, ToolError) else f"{type(error).__name__}: {error}")
            else:
                continue
            raise failure


def _served(ctx: Any, what: str, serve: Callable[[Ctx], Any]) -> Any:
    with ctx:
        try:
            return serve(Ctx(ctx))
        except Exception as error:
            failure = Err(_error(error, what))
    raise failure


def _error(error: Exception, what: str) -> Any:
    if isinstance(error, Cancelled):
        return wit.ToolError_Cancelled()
    if isinstance(error, Failed):
        made = error.output
        if not isinstance(made, ToolOutput):
            found = blocks(made)
            made = ToolOutput([], made) if found is None else ToolOutput(found)
        return wit.ToolError_Failed(_output(made))
    if isinstance(error, ToolError):
        case = _ERRORS.get(error.kind)
        return case(error.message) if case else wit.ToolError_Other(error.message)
    # The author's mistake: the client gets the type and the text, the operator the place.
    log.write("error", {"in": what, "traceback": traceback.format_exc()})
    return wit.ToolError_Other(f"{type(error).__name__}: {error}")


def _output(made: ToolOutput) -> Any:
    structured = None if made.structured is None else to_json(made.structured)
    return wit.ToolOutput([_block(block) for block in made.content], structured)


def _block(block: Content) -> Any:
    match block:
        case Text():
            return wit.Content_Text(block.text)
        case Image():
            return wit.Content_Image(wit.Blob(block.data, block.mime_type))
        case Audio():
            return wit.Content_Audio(wit.Blob(block.data, block.mime_type))
        case Link():
            return wit.Content_ResourceLink(wit.ResourceLink(block.uri, block.name, block.description, block.mime_type))
        case _:
            return wit.Content_EmbeddedResource(_contents(block))


def _contents(made: Contents) -> Any:
    text = isinstance(made.body, str)
    body = wit.ResourceBody_Text(made.body) if text else wit.ResourceBody_Blob(made.body)
    return wit.ResourceContents(made.uri, made.mime_type, body)


def _message(message: Message) -> Any:
    content = message.content
    role = wit.Role.USER if message.role == "user" else wit.Role.ASSISTANT
    return wit.PromptMessage(role, _block(Text(content) if isinstance(content, str) else content))


def _texts(arguments: str) -> dict[str, str]:
    try:
        texts = json.loads(arguments) if arguments else {}
    except ValueError as error:
        raise InvalidArguments(f"the arguments are no JSON: {error}") from None
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise InvalidArguments("the arguments are not an object of strings")
    return texts
