"""What a JSON value must look like to be a Python one: the schema, and the function that reads it.

The pieces that :mod:`tandem_sdk.schema` puts together. A reader raises :class:`Mismatch`, which says where in the value.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import typing
from collections import abc
from typing import Any, Callable


class Mismatch(ValueError):
    """A value does not fit. ``pointer`` (RFC 6901) says where."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}" if self.pointer else self.message

    def under(self, key: str | int) -> Mismatch:
        """The same, seen from one level above."""
        token = str(key).replace("~", "~0").replace("/", "~1")
        return Mismatch(self.message, f"/{token}{self.pointer}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Arg:
    """What a parameter or field says beyond its type: ``Annotated[int, Arg(min=1)]``."""

    #: What it is. A docstring says it as well.
    description: str | None = None
    min: float | None = None
    max: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    #: A regular expression that somewhere in the text must match.
    pattern: str | None = None
    #: The argument's name, where it is not the parameter's.
    name: str | None = None
    #: Clients mirror the argument into the header ``Mcp-Param-…``.
    header: str | None = None


class Shape(typing.NamedTuple):
    """A type's schema, and the function that reads a JSON value as the type (or raises :class:`Mismatch`)."""

    schema: dict[str, Any]
    load: Callable[[Any], Any]


def name_of(value: Any) -> str:
    """The JSON name of a value's type, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def null(value: Any) -> None:
    if value is not None:
        raise Mismatch(f"expected null, not {name_of(value)}")


def string(value: Any) -> str:
    if type(value) is str:
        return value
    raise Mismatch(f"expected a string, not {name_of(value)}")


def integer(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():  # JSON has one kind of number: 1.0 is an integer
        return int(value)
    raise Mismatch(f"expected an integer, not {value if type(value) is float else name_of(value)}")


def number(value: Any) -> float:
    if type(value) is float or type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise Mismatch("the number is too large") from None
    raise Mismatch(f"expected a number, not {name_of(value)}")


def boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise Mismatch(f"expected a boolean, not {name_of(value)}")


SCALARS: dict[Any, Shape] = {
    str: Shape({"type": "string"}, string),
    int: Shape({"type": "integer"}, integer),
    float: Shape({"type": "number"}, number),
    bool: Shape({"type": "boolean"}, boolean),
}
ARRAYS = {
    list: list, tuple: tuple, set: set, frozenset: frozenset,
    abc.Sequence: list, abc.Iterable: list, abc.Collection: list,
}  # fmt: skip


def choice(values: list[Any], members: dict[Any, Any], description: str = "") -> Shape:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    types_ = list(dict.fromkeys(kinds.get(type(value), "") for value in values))
    if "" in types_:
        raise TypeError(f"a choice of {values} has no JSON form; use strings or numbers")
    schema: dict[str, Any] = {"type": types_[0] if len(types_) == 1 else types_, "enum": values}
    if description:
        schema["description"] = description

    def load(value: Any) -> Any:
        # By type too: in Python `True == 1`.
        for known, member in members.items():
            if known == value and type(known) is type(value):
                return member
        raise Mismatch(f"expected one of {', '.join(json.dumps(v, ensure_ascii=False) for v in values)}")

    return Shape(schema, load)


def union(shapes: list[Shape]) -> Shape:
    rest = [s for s in shapes if s.load is not null]
    nullable = len(rest) < len(shapes)
    if len(rest) == 1 and nullable:
        inner, load_inner = rest[0].schema, rest[0].load
        kind = inner.get("type")
        if kind is None:
            schema: dict[str, Any] = {"anyOf": [inner, {"type": "null"}]} if inner else {}
        else:
            schema = {**inner, "type": [*([kind] if isinstance(kind, str) else kind), "null"]}
            if "enum" in inner:
                schema["enum"] = [*inner["enum"], None]
        return Shape(schema, lambda value: None if value is None else load_inner(value))

    def load(value: Any) -> Any:
        failures = []
        for candidate in shapes:
            try:
                return candidate.load(value)
            except Mismatch as error:
                failures.append(str(error))
        raise Mismatch("fits none of the alternatives: " + "; ".join(dict.fromkeys(failures)))

    return Shape({"anyOf": [s.schema for s in shapes]}, load)


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what may be left out instead of being null."""
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        schema = {**schema, "type": kinds[0] if len(kinds) == 1 else kinds}
    if "enum" in schema:
        schema = {**schema, "enum": [value for value in schema["enum"] if value is not None]}
    if "anyOf" in schema:
        rest = [one for one in schema["anyOf"] if one != {"type": "null"}]
        if len(rest) == 1:
            schema = {**rest[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
        else:
            schema = {**schema, "anyOf": rest}
    return schema


def array(kind: Any, items: list[Shape], args: tuple[Any, ...]) -> Shape:
    make = ARRAYS[kind]
    if make is tuple and items and ... not in args:
        return fixed(items)
    load_item = items[0].load if items else None
    schema: dict[str, Any] = {"type": "array"}
    if items and items[0].schema:
        schema["items"] = items[0].schema
    if make in (set, frozenset):
        schema["uniqueItems"] = True

    def load(value: Any) -> Any:
        if type(value) is not list:
            raise Mismatch(f"expected an array, not {name_of(value)}")
        if load_item is None:
            return make(value)
        made = []
        try:
            for item in value:
                made.append(load_item(item))
        except Mismatch as error:
            raise error.under(len(made)) from None
        return made if make is list else make(made)

    return Shape(schema, load)


def fixed(items: list[Shape]) -> Shape:
    schema = {"type": "array", "prefixItems": [i.schema for i in items], "minItems": len(items), "maxItems": len(items)}

    def load(value: Any) -> Any:
        if type(value) is not list or len(value) != len(items):
            raise Mismatch(f"expected an array of {len(items)} items")
        made: list[Any] = []
        try:
            for item, inner in zip(items, value):
                made.append(item.load(inner))
        except Mismatch as error:
            raise error.under(len(made)) from None
        return tuple(made)

    return Shape(schema, load)


def mapping(item: Shape) -> Shape:
    schema: dict[str, Any] = {"type": "object"}
    if item.schema:
        schema["additionalProperties"] = item.schema

    def load(value: Any) -> Any:
        if type(value) is not dict:
            raise Mismatch(f"expected an object, not {name_of(value)}")
        made = {}
        for key, inner in value.items():
            try:
                made[key] = item.load(inner)
            except Mismatch as error:
                raise error.under(key) from None
        return made

    return Shape(schema, load)


def annotated(inner: Shape, metadata: tuple[Any, ...]) -> Shape:
    schema, load = dict(inner.schema), inner.load
    for item in metadata:
        if isinstance(item, str):
            schema["description"] = item
        elif isinstance(item, Arg):
            schema, load = bounded(schema, load, item)
    return Shape(schema, load)


def bounded(schema: dict[str, Any], load: Callable[[Any], Any], arg: Arg) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else list(kind or ())
    array = "array" in kinds
    least, most = ("minItems", "maxItems") if array else ("minLength", "maxLength")
    bounds = {
        "description": arg.description,
        "minimum": arg.min,
        "maximum": arg.max,
        least: arg.min_length,
        most: arg.max_length,
        "pattern": arg.pattern,
        "x-mcp-header": arg.header,
    }
    schema.update({key: value for key, value in bounds.items() if value is not None})
    if (arg.min is not None or arg.max is not None) and not {"integer", "number"} & set(kinds):
        raise TypeError("min and max are for numbers; for texts and lists use min_length and max_length")
    if (arg.min_length is not None or arg.max_length is not None) and not {"string", "array"} & set(kinds):
        raise TypeError("min_length and max_length are for texts and lists; for numbers use min and max")
    low, high = -math.inf if arg.min is None else arg.min, math.inf if arg.max is None else arg.max
    shortest, longest = arg.min_length or 0, math.inf if arg.max_length is None else arg.max_length
    pattern = re.compile(arg.pattern) if arg.pattern is not None else None

    def bounded(value: Any) -> Any:
        made = load(value)
        if type(value) in (int, float):
            if value < low:
                raise Mismatch(f"{value} is less than {arg.min}")
            if value > high:
                raise Mismatch(f"{value} is more than {arg.max}")
        elif type(value) in (str, list):
            unit = "items" if array else "characters"
            if len(value) < shortest:
                raise Mismatch(f"expected at least {shortest} {unit}, not {len(value)}")
            if len(value) > longest:
                raise Mismatch(f"expected at most {longest} {unit}, not {len(value)}")
            if pattern is not None and type(value) is str and not pattern.search(value):
                raise Mismatch(f"does not match {arg.pattern}")
        return made

    return schema, bounded
