"""What tools, resources and prompts answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, Union

from .schema import to_json


@dataclass(frozen=True)
class Text:
    """Text."""

    text: str


@dataclass(frozen=True)
class Image:
    """A picture of a media type such as ``image/png``."""

    data: bytes
    mime_type: str


@dataclass(frozen=True)
class Audio:
    """A sound of a media type such as ``audio/wav``."""

    data: bytes
    mime_type: str


@dataclass(frozen=True)
class Link:
    """A pointer to a resource."""

    uri: str
    name: str
    description: str | None = None
    mime_type: str | None = None


@dataclass(frozen=True)
class Contents:
    """A resource's content: text or bytes. As a block of a result it is the resource, embedded."""

    uri: str
    body: str | bytes
    mime_type: str | None = None


#: One block of a result or a message.
Content = Union[Text, Image, Audio, Link, Contents]
BLOCKS = (Text, Image, Audio, Link, Contents)


@dataclass
class ToolOutput:
    """A whole answer: blocks for a model or a person, and a structured result, if there is one."""

    content: list[Content] = field(default_factory=list)
    #: Any value that has a JSON form, or None.
    structured: Any = None

    @property
    def text(self) -> str:
        """The text blocks, one a line."""
        return "\n".join(block.text for block in self.content if isinstance(block, Text))

    def value(self) -> Any:
        """The structured result as plain JSON values; None when there is none."""
        return None if self.structured is None else json.loads(to_json(self.structured))


@dataclass(frozen=True)
class Message:
    """One message of a prompt."""

    content: Content | str
    role: Literal["user", "assistant"] = "user"


@dataclass(frozen=True)
class PromptOutput:
    """A prompt, filled in."""

    messages: list[Message]
    description: str | None = None


@dataclass(frozen=True)
class Completion:
    """Values that could complete what was typed: at most 100, best first."""

    values: list[str]
    total: int | None = None
    has_more: bool = False


def blocks(value: Any) -> list[Content] | None:
    """The blocks of an answer that is content; None when it is something else."""
    if value is None:
        return []
    if isinstance(value, str):
        return [Text(value)]
    if isinstance(value, BLOCKS):
        return [value]
    if isinstance(value, list) and value and all(isinstance(item, BLOCKS) for item in value):
        return list(value)
    return None
