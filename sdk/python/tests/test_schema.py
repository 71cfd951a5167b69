"""Types as schemas, and values read as types."""

import unittest
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, Optional, TypedDict, Union

from tandem_sdk import Arg
from tandem_sdk.schema import Mismatch, shape, to_json


class Color(Enum):
    """A color."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    """A place.

    Attributes:
        x: To the right.
    """

    x: float
    y: float = 0.0


@dataclass
class Drawing:
    name: str
    points: list[Point]
    color: Color = Color.RED
    tags: list[str] = field(default_factory=list)
    depth: Optional[int] = None


class Patch(TypedDict):
    path: str
    value: NotRequired[Annotated[int, Arg(min=1, max=9)]]


@dataclass
class Tree:
    children: list["Tree"]


@dataclass
class Even:
    n: int

    def __post_init__(self) -> None:
        if self.n % 2:
            raise ValueError(f"{self.n} is odd")


class Schemas(unittest.TestCase):
    def test_a_dataclass_is_written_out_in_place(self) -> None:
        point = {
            "type": "object",
            "description": "A place.",
            "properties": {
                "x": {"type": "number", "description": "To the right."},
                "y": {"type": "number", "default": 0.0},
            },
            "required": ["x"],
            "additionalProperties": False,
        }
        self.assertEqual(
            shape(Drawing).schema,
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "points": {"type": "array", "items": point},
                    "color": {"type": "string", "enum": ["red", "blue"], "description": "A color.", "default": "red"},
                    "tags": {"type": "array", "items": {"type": "string"}, "default": []},
                    "depth": {"type": "integer"},
                },
                "required": ["name", "points"],
                "additionalProperties": False,
            },
        )

    def test_results_are_open_and_always_whole(self) -> None:
        schema = shape(Point, closed=False).schema
        self.assertEqual(schema["required"], ["x", "y"])
        self.assertNotIn("additionalProperties", schema)
        self.assertNotIn("default", schema["properties"]["y"])

    def test_other_types(self) -> None:
        for hint, schema in [
            (Any, {}),
            (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
            (Literal["a", 1], {"type": ["string", "integer"], "enum": ["a", 1]}),
            (Optional[Literal["a"]], {"type": ["string", "null"], "enum": ["a", None]}),
            (Union[int, str, None], {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
            (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
            (Annotated[str, "A name.", Arg(pattern="^a")], {"type": "string", "description": "A name.", "pattern": "^a"}),
            (Annotated[list[int], Arg(max_length=2)], {"type": "array", "items": {"type": "integer"}, "maxItems": 2}),
        ]:
            self.assertEqual(shape(hint).schema, schema, hint)

    def test_what_has_no_json_form_is_refused_and_named(self) -> None:
        for hint, named in [(bytes, "bytes"), (Tree, "Tree"), (dict[int, str], "keys"), (Annotated[str, Arg(min=1)], "min_length")]:
            with self.assertRaisesRegex(TypeError, named):
                shape(hint)


class Values(unittest.TestCase):
    def test_values_become_types(self) -> None:
        drawing = shape(Drawing).load({"name": "a", "points": [{"x": 1}], "color": "blue", "depth": 3.0})
        self.assertEqual(drawing, Drawing("a", [Point(1.0)], Color.BLUE, [], 3))
        self.assertEqual(
            to_json(drawing), '{"name":"a","points":[{"x":1.0,"y":0.0}],"color":"blue","tags":[],"depth":3}'
        )
        self.assertEqual(shape(tuple[int, str]).load([1, "a"]), (1, "a"))
        self.assertEqual(shape(Union[int, Point]).load({"x": 1}), Point(1.0))

    def test_what_does_not_fit_is_pointed_at(self) -> None:
        whole = {"name": "a", "points": [{"x": 1}]}
        for hint, value, message in [
            (Drawing, {**whole, "points": [{"x": 1}, {"x": "1"}]}, "/points/1/x: expected a number, not a string"),
            (Drawing, {"points": []}, "/name: it is missing"),
            (Drawing, {**whole, "a/b": 1}, "/a~1b: there is no such property; known are name, points, color, tags, depth"),
            (Drawing, {**whole, "color": "green"}, '/color: expected one of "red", "blue"'),
            (Drawing, {**whole, "depth": 1.5}, "/depth: expected an integer, not 1.5"),
            (Drawing, [], "expected an object, not an array"),
            (Patch, {"path": "a", "value": 10}, "/value: 10 is more than 9"),
            (Patch, {"path": "a", "value": None}, "/value: expected an integer, not null"),
            (bool, 1, "expected a boolean, not a number"),
            (Literal[1], True, "expected one of 1"),
            (float, 10**400, "the number is too large"),
            (list[Even], [{"n": 2}, {"n": 3}], "/1: 3 is odd"),
            (Union[int, bool], "a", "fits none of the alternatives: expected an integer, not a string; expected a boolean, not a string"),
        ]:
            with self.assertRaises(Mismatch) as caught:
                shape(hint).load(value)
            self.assertEqual(str(caught.exception), message)

    def test_json_has_no_nan(self) -> None:
        with self.assertRaises(ValueError):
            to_json(float("nan"))


if __name__ == "__main__":
    unittest.main()
