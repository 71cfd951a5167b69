"""The decorators, and the plugin that they fill.

A module's decorated functions are the plugin. What is wrong with one is a ``TypeError`` where it is declared: when the plugin is
built, never during a call.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import re
import types
import typing
import urllib.parse
from typing import Any, Callable

from . import docs, schema
from .content import BLOCKS, Completion, Contents, Message, PromptOutput, ToolOutput, blocks
from .ctx import Ctx
from .errors import InvalidArguments, NotFound
from .schema import Field, Mismatch, from_json

_UNIONS = (typing.Union, types.UnionType)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
#: Candidates that a completion carries at most.
_MAX_COMPLETIONS = 100
#: Whether calls become tasks, as the host reads it in a tool's ``_meta`` under this key.
_TASK = "tandem/task"
_TASKS = ("forbidden", "optional", "required")


@dataclasses.dataclass(frozen=True)
class Tool:
    """One tool: what the host lists of it, and ``run``, which takes the parsed arguments."""

    name: str
    title: str | None
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool
    meta: dict[str, Any] | None
    run: Callable[[Ctx, Any], ToolOutput]


@dataclasses.dataclass(frozen=True)
class Resource:
    """One resource, or a family of them: then ``pattern`` takes the variables out of a URI."""

    uri: str
    name: str
    title: str | None
    description: str | None
    mime_type: str | None
    pattern: re.Pattern[str] | None
    run: Callable[[Ctx, str, dict[str, str]], list[Contents]]


@dataclasses.dataclass(frozen=True)
class Prompt:
    """One prompt. An argument is its name, what it is, and whether it must be given."""

    name: str
    title: str | None
    description: str | None
    arguments: list[tuple[str, str | None, bool]]
    run: Callable[[Ctx, dict[str, str]], PromptOutput]


class Plugin:
    """What the decorators have declared."""

    def __init__(self) -> None:
        self.tools: dict[str, Tool] = {}
        self.resources: dict[str, Resource] = {}
        self.prompts: dict[str, Prompt] = {}
        self.completions: dict[tuple[str, str, str], Callable[[Ctx, str, dict[str, str]], Completion]] = {}
        self.checks: list[Callable[[], None]] = []

    def call(self, ctx: Ctx, name: str, arguments: str) -> ToolOutput:
        """Calls a tool with a JSON object."""
        tool = self.tools.get(name)
        if tool is None:
            raise NotFound(f"this plugin has no tool `{name}`")
        try:
            parsed = from_json(arguments) if arguments else {}
        except ValueError as error:
            raise InvalidArguments(f"the arguments are no JSON: {error}") from None
        return tool.run(ctx, parsed)

    def read(self, ctx: Ctx, uri: str) -> list[Contents]:
        """Reads a resource, or one of a family."""
        exact = self.resources.get(uri)
        if exact is not None and exact.pattern is None:
            return exact.run(ctx, uri, {})
        for family in self.resources.values():
            matched = family.pattern.fullmatch(uri) if family.pattern else None
            if matched:
                try:
                    variables = {k: urllib.parse.unquote(v, errors="strict") for k, v in matched.groupdict().items()}
                except UnicodeDecodeError:
                    continue
                return family.run(ctx, uri, variables)
        raise NotFound(f"this plugin has no resource `{uri}`")

    def get_prompt(self, ctx: Ctx, name: str, arguments: dict[str, str]) -> PromptOutput:
        """Fills a prompt in."""
        prompt = self.prompts.get(name)
        if prompt is None:
            raise NotFound(f"this plugin has no prompt `{name}`")
        return prompt.run(ctx, arguments)

    def complete(self, ctx: Ctx, of: tuple[str, str, str], value: str, settled: dict[str, str]) -> Completion:
        """Completes an argument; one that nobody completes has no candidates."""
        completion = self.completions.get(of)
        return completion(ctx, value, settled) if completion else Completion([], 0)


#: The plugin of this process.
PLUGIN = Plugin()


def tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    title: str | None = None,
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool = False,
    open_world: bool = False,
    task: bool | typing.Literal["forbidden", "optional", "required"] | None = None,
    meta: dict[str, Any] | None = None,
) -> Any:
    """Makes a function a tool. Its docstring is the description, its parameters the input schema, its result the output schema.

    Args:
        name: The tool's name, where it is not the function's.
        title: A short name for people.
        read_only: It changes nothing.
        destructive: It may destroy something.
        idempotent: Calling it twice with the same arguments has the effect of calling it once.
        open_world: It reaches things outside the host.
        task: Whether a call that takes long may go on as a task, for clients that know them: ``True`` or ``"optional"``,
            ``"required"`` (other clients are refused), ``False`` or ``"forbidden"``. Without it, the tool's deadline says.
        meta: Further ``_meta`` for clients.
    """
    if function is None:
        return functools.partial(
            tool, name=name, title=title, read_only=read_only, destructive=destructive, idempotent=idempotent,
            open_world=open_world, task=task, meta=meta,
        )  # fmt: skip
    name = name or function.__name__
    if not _NAME.fullmatch(name):
        raise _wrong(function, f"`{name}` is no name of a tool: up to 64 letters, digits, `_`, `.` and `-`")
    if task is not None:
        said = {True: "optional", False: "forbidden"}[task] if isinstance(task, bool) else task
        if said not in _TASKS:
            raise _wrong(function, f"`task` is True, False, 'forbidden', 'optional' or 'required', not {task!r}")
        meta = {**(meta or {}), _TASK: said}
    doc, fields, context, result = _signature(function)
    if not doc.description:
        raise _wrong(function, "it needs a docstring: it is what a model reads")
    if result is inspect.Parameter.empty:
        raise _wrong(function, "it needs a result type; `-> None` when it answers nothing")
    output, finish = _result(function, result)
    arguments = schema.record(fields, dict, closed=True)

    def run(ctx: Ctx, parsed: Any) -> ToolOutput:
        try:
            given = arguments.load(parsed)
        except Mismatch as error:
            raise InvalidArguments(str(error)) from None
        if context:
            given[context] = ctx
        return finish(function(**given))

    _add(function, PLUGIN.tools, name, Tool(
        name, title, doc.description, arguments.schema, output, read_only, destructive, idempotent, open_world, meta, run
    ))  # fmt: skip
    return function


def resource(
    uri: str, *, name: str | None = None, title: str | None = None, mime_type: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function a resource, or, with variables in the URI (``library://{shelf}/{number}``), a family of them.

    The function takes the variables as ``str``, ``int``, ``float``, ``bool`` or a choice, and answers text, bytes or
    :class:`Contents`.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        doc, fields, context, _ = _signature(function)
        variables = re.findall(r"\{(\w+)\}", uri)
        if sorted(variables) != sorted(field.key for field in fields):
            raise _wrong(function, f"its parameters must be the variables of `{uri}`: {', '.join(variables) or 'none'}")
        # A variable is what a level 1 expansion of RFC 6570 can give: not empty, without a reserved character.
        pattern = "".join(
            f"(?P<{part[1:-1]}>(?:[A-Za-z0-9._~-]|[^\\x00-\\x7f]|%[0-9A-Fa-f]{{2}})+)" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{\w+\})", uri)
        )

        def run(ctx: Ctx, asked: str, texts: dict[str, str]) -> list[Contents]:
            try:
                given = _from_texts(fields, texts)
            except Mismatch as error:
                raise NotFound(f"{asked}: {error}") from None
            if context:
                given[context] = ctx
            made = function(**given)
            if isinstance(made, (str, bytes)):
                return [Contents(asked, made, mime_type)]
            return made if isinstance(made, list) else [made]

        _add(function, PLUGIN.resources, uri, Resource(
            uri, name or function.__name__, title, doc.description or None, mime_type,
            re.compile(pattern) if variables else None, run,
        ))  # fmt: skip
        return function

    return decorate


def prompt(function: Callable[..., Any] | None = None, *, name: str | None = None, title: str | None = None) -> Any:
    """Makes a function a prompt. It answers a text of the person, a :class:`Message`, several, or a :class:`PromptOutput`."""
    if function is None:
        return functools.partial(prompt, name=name, title=title)
    doc, fields, context, _ = _signature(function)

    def run(ctx: Ctx, texts: dict[str, str]) -> PromptOutput:
        try:
            given = _from_texts(fields, texts)
        except Mismatch as error:
            raise InvalidArguments(str(error)) from None
        if context:
            given[context] = ctx
        made = function(**given)
        if isinstance(made, PromptOutput):
            return made
        messages = made if isinstance(made, list) else [made]
        return PromptOutput([m if isinstance(m, Message) else Message(m) for m in messages], doc.description or None)

    arguments = [(f.key, f.shape.schema.get("description"), f.required) for f in fields]
    name = name or function.__name__
    _add(function, PLUGIN.prompts, name, Prompt(name, title, doc.description or None, arguments, run))
    return function


def complete(
    *, argument: str, prompt: str | None = None, template: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function the completion of one argument of a prompt, or of one variable of a resource template.

    It takes ``value``, what was typed so far, and ``settled``, the other arguments, if it needs them. It answers candidates,
    best first.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if (prompt is None) == (template is None):
            raise _wrong(function, "give one of `prompt` and `template`")
        hints = _hints(function)
        takes = {n: "ctx" if hints.get(n) is Ctx else n for n in inspect.signature(function).parameters}
        if not set(takes.values()) <= {"value", "settled", "ctx"}:
            raise _wrong(function, "a completion takes `value`, `settled`, and a `Ctx`")

        def run(ctx: Ctx, value: str, settled: dict[str, str]) -> Completion:
            offered = {"value": value, "settled": settled, "ctx": ctx}
            made = function(**{name: offered[what] for name, what in takes.items()})
            if isinstance(made, Completion):
                return made
            values = list(made)
            return Completion(values[:_MAX_COMPLETIONS], len(values), len(values) > _MAX_COMPLETIONS)

        of = ("prompt", prompt, argument) if prompt is not None else ("template", template or "", argument)
        _add(function, PLUGIN.completions, of, run)
        return function

    return decorate


def check(function: Callable[[], None]) -> Callable[[], None]:
    """Makes a function the plugin's check. It runs before the plugin serves; what it raises keeps the plugin out."""
    PLUGIN.checks.append(function)
    return function


def _wrong(function: Callable[..., Any], why: str) -> TypeError:
    return TypeError(f"{function.__module__}.{function.__qualname__}: {why}")


def _add(function: Callable[..., Any], entries: dict[Any, Any], key: Any, entry: Any) -> None:
    if key in entries:
        raise _wrong(function, f"there is already one of the name {key!r}")
    entries[key] = entry


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise _wrong(function, f"{error}; types of parameters must be known at the module's top level") from None


def _signature(function: Callable[..., Any]) -> tuple[docs.Doc, list[Field], str | None, Any]:
    """A function's docstring, its parameters, the name of the one that takes the context, and its result's type."""
    if inspect.iscoroutinefunction(function):
        raise _wrong(function, "it is async; host functions wait by themselves, so a plain `def` does")
    doc, hints = docs.parse(function.__doc__), _hints(function)
    fields: list[Field] = []
    context = None
    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if hints.get(name) is Ctx:
            context = name
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise _wrong(function, f"`{name}`: only parameters that can be given by name become arguments")
        if name not in hints:
            raise _wrong(function, f"`{name}` needs a type")
        default = dataclasses.MISSING if parameter.default is parameter.empty else parameter.default
        try:
            fields.append(schema.field(name, hints[name], doc.parameters.get(name), default))
        except TypeError as error:
            raise _wrong(function, str(error)) from None
    unknown = doc.parameters.keys() - {f.name for f in fields} - {context}
    if unknown:
        raise _wrong(function, f"its docstring describes `{'`, `'.join(sorted(unknown))}`, which it does not take")
    return doc, fields, context, hints.get("return", inspect.Parameter.empty)


def _result(function: Callable[..., Any], hint: Any) -> tuple[dict[str, Any] | None, Callable[[Any], ToolOutput]]:
    """The output schema of a result's type, and the function that makes the answer."""

    def content(made: Any) -> ToolOutput:
        if isinstance(made, ToolOutput):
            return made
        found = blocks(made)
        if found is None:
            raise TypeError(f"the tool answered {made!r}, which is no content")
        return ToolOutput(found)

    items = typing.get_args(hint) if typing.get_origin(hint) is list else ()
    # `-> None` arrives as NoneType.
    if hint in (type(None), str, ToolOutput) or _is_block(hint) or (items and _is_block(items[0])):
        return None, content
    try:
        shape = schema.shape(hint, closed=False)
    except TypeError as error:
        raise _wrong(function, f"its result: {error}") from None
    if shape.schema.get("type") == "object":
        return shape.schema, lambda made: made if isinstance(made, ToolOutput) else ToolOutput([], made)
    # A result must be an object: any other is put into one.
    wrapped = {"type": "object", "properties": {"result": shape.schema}, "required": ["result"]}
    return wrapped, lambda made: made if isinstance(made, ToolOutput) else ToolOutput([], {"result": made})


def _is_block(hint: Any) -> bool:
    return hint in BLOCKS or (typing.get_origin(hint) in _UNIONS and all(map(_is_block, typing.get_args(hint))))


def _from_texts(fields: list[Field], texts: dict[str, str]) -> dict[str, Any]:
    """Arguments of prompts and variables of URIs are texts: reads numbers and booleans out of them."""
    parsed: dict[str, Any] = {}
    kinds = {f.key: f.shape.schema.get("type") for f in fields}
    for key, text in texts.items():
        kind = kinds.get(key)
        if {"integer", "number", "boolean"} & set([kind] if isinstance(kind, str) else kind or ()):
            try:
                parsed[key] = json.loads(text)
                continue
            except ValueError:
                pass  # the field's own reader says what it expects
        parsed[key] = text
    return schema.record(fields, dict, closed=True).load(parsed)
