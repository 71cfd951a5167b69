"""Python types as JSON Schema, and JSON values as Python ones.

JSON Schema 2020-12 without ``$schema`` (2020-12 is what a schema without one is), every type written out in place so that
a model reads it in one go. A parameter whose default is ``None`` has a plain type: the host takes null for left out. Built when the plugin is built, never during a call; so are the functions that read values.

Known: ``str``, ``int``, ``float``, ``bool``, ``None``, ``Any``, ``list``, ``tuple``, ``set``, ``dict[str, …]``, unions,
``Literal``, ``Enum``, dataclasses, ``TypedDict``, ``NewType``, and ``Annotated`` with :class:`Arg` or a text. Refused, with
the type named: everything else, and types that contain themselves.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import types
import typing
from collections import abc
from typing import Any, Callable

from . import docs, shapes
from .shapes import Arg, Mismatch, Shape, name_of


def shape(hint: Any, *, closed: bool = True, _inside: tuple[Any, ...] = ()) -> Shape:
    """The shape of a type. ``closed`` objects refuse properties that they do not know: arguments are closed, results open.

    Raises:
        TypeError: the type has no JSON form; the message names it.
    """
    if hint in shapes.SCALARS:
        return shapes.SCALARS[hint]
    if hint is None or hint is type(None):
        return Shape({"type": "null"}, shapes.null)
    if hint is Any or hint is object:
        return Shape({}, lambda value: value)
    if isinstance(hint, typing.NewType):
        return shape(hint.__supertype__, closed=closed, _inside=_inside)
    if hasattr(hint, "__value__"):  # `type Name = …`
        return shape(hint.__value__, closed=closed, _inside=_inside)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return shapes.annotated(shape(args[0], closed=closed, _inside=_inside), args[1:])
    if origin in (typing.Required, typing.NotRequired):
        return shape(args[0], closed=closed, _inside=_inside)
    if origin is typing.Literal:
        return shapes.choice(list(args), {value: value for value in args})
    if origin in (typing.Union, types.UnionType):
        return shapes.union([shape(arg, closed=closed, _inside=_inside) for arg in args])
    if origin in shapes.ARRAYS or hint in shapes.ARRAYS:
        items = [shape(arg, closed=closed, _inside=_inside) for arg in args if arg is not ...]
        return shapes.array(origin or hint, items, args)
    if origin in (dict, abc.Mapping, abc.MutableMapping) or hint is dict:
        if args and args[0] is not str:
            raise TypeError(f"the keys of {hint} are no strings: JSON has no others")
        return shapes.mapping(shape(args[1] if args else Any, closed=closed, _inside=_inside))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return shapes.choice([m.value for m in hint], {m.value: m for m in hint}, docs.of_class(hint).description)
    if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or typing.is_typeddict(hint)):
        if hint in _inside:
            raise TypeError(f"{hint.__name__} contains itself: a schema that is written out in place cannot")
        return record(fields(hint, closed, _inside), hint, closed, docs.of_class(hint).description)
    raise TypeError(f"{hint!r} has no JSON form; use str, int, float, bool, list, dict, Literal, Enum or a dataclass")


class Field(typing.NamedTuple):
    """One property of an object."""

    name: str
    key: str
    shape: Shape
    required: bool


def field(
    name: str,
    hint: Any,
    description: str | None,
    default: Any = dataclasses.MISSING,
    *,
    required: bool | None = None,
    closed: bool = True,
    inside: tuple[Any, ...] = (),
) -> Field:
    """One property from its type. It must be given where it has no ``default``, unless ``required`` says otherwise."""
    try:
        made = shape(hint, closed=closed, _inside=inside)
    except TypeError as error:
        raise TypeError(f"`{name}`: {error}") from None
    schema = dict(made.schema)
    if default is None and closed:  # null and left out are the same; strict gateways drop tools with lists of types
        schema = shapes.without_null(schema)
    if description:
        schema["description"] = description
    if default is not dataclasses.MISSING and default is not None:
        try:
            schema["default"] = json.loads(to_json(default))
        except (TypeError, ValueError):
            raise TypeError(f"`{name}`: its default {default!r} has no JSON form") from None
    load = made.load
    if default is None:  # `name: str = None` may be null, whether the type says so or not
        load = lambda value, inner=made.load: None if value is None else inner(value)  # noqa: E731
    arg = _arg(hint)
    must = default is dataclasses.MISSING if required is None else required
    return Field(name, arg.name if arg and arg.name else name, Shape(schema, load), must)


def fields(cls: type, closed: bool, inside: tuple[Any, ...]) -> list[Field]:
    """The properties of a dataclass or ``TypedDict``."""
    hints = typing.get_type_hints(cls, include_extras=True)
    described = docs.of_class(cls).parameters
    inside = (*inside, cls)
    if typing.is_typeddict(cls):
        keys = cls.__required_keys__
        return [
            field(name, hint, described.get(name), required=name in keys, closed=closed, inside=inside)
            for name, hint in hints.items()
        ]
    made = []
    for item in dataclasses.fields(cls):
        if not item.init:
            continue
        default = item.default
        if not closed:  # a result always has all of them
            default = dataclasses.MISSING
        elif default is dataclasses.MISSING and item.default_factory is not dataclasses.MISSING:
            default = item.default_factory()
        one = field(item.name, hints[item.name], described.get(item.name), default, closed=closed, inside=inside)
        if one.key != one.name:
            raise TypeError(f"`{cls.__name__}.{one.name}`: Arg(name=…) is for parameters; rename the field")
        made.append(one)
    return made


def record(items: list[Field], make: Callable[..., Any], closed: bool, description: str = "") -> Shape:
    """An object whose properties become the keyword arguments of ``make``."""
    schema: dict[str, Any] = {"type": "object"}
    if description:
        schema["description"] = description
    schema["properties"] = {item.key: item.shape.schema for item in items}
    required = [item.key for item in items if item.required]
    if required:
        schema["required"] = required
    if closed:
        schema["additionalProperties"] = False
    known = {item.key: (item.name, item.shape.load) for item in items}

    def load(value: Any) -> Any:
        if type(value) is not dict:
            raise Mismatch(f"expected an object, not {name_of(value)}")
        given = {}
        for key, inner in value.items():
            entry = known.get(key)
            if entry is None:
                if not closed:
                    continue
                raise Mismatch(f"there is no such property; known are {', '.join(known) or 'none'}").under(key)
            try:
                given[entry[0]] = entry[1](inner)
            except Mismatch as error:
                raise error.under(key) from None
        for key in required:
            if key not in value:
                raise Mismatch("it is missing").under(key)
        try:
            return make(**given)
        except (TypeError, ValueError) as error:  # what a dataclass's `__post_init__` refuses
            if isinstance(error, Mismatch):
                raise
            raise Mismatch(str(error)) from error

    return Shape(schema, load)


# Kept, for working them out takes longer than writing them; bounded, for a tool may make classes.
@functools.lru_cache(maxsize=256)
def _names(cls: type) -> list[str]:
    return [item.name for item in dataclasses.fields(cls)]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _names(type(value))}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, abc.Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


# Made once: `json.dumps` would make one for each call.
_ENCODER = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def to_json(value: Any) -> str:
    """Writes dataclasses, enums, sets and what ``json`` knows. NaN and infinities are refused: JSON has none."""
    return _ENCODER.encode(value)


_SCAN = json.JSONDecoder().scan_once


def from_json(text: str) -> Any:
    """As ``json.loads``, which looks for white space around the value first; the host sends none.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        return json.loads(text)
    return value if end == len(text) else json.loads(text)


def _arg(hint: Any) -> Arg | None:
    if typing.get_origin(hint) in (typing.Required, typing.NotRequired):
        hint = typing.get_args(hint)[0]
    found = [m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Arg)]
    return found[-1] if found else None


