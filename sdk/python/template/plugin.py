"""The tools of {{name}}."""

from dataclasses import dataclass
from typing import Annotated

from tandem_sdk import Arg, Ctx, InvalidArguments, kv, tool


@dataclass
class Count:
    """What a text is made of.

    Attributes:
        words: How many words it has.
        letters: How many letters and digits it has.
        longest: The longest word.
    """

    words: int
    letters: int
    longest: str


@dataclass
class Remembered:
    """How many texts there are by now.

    Attributes:
        total: Texts that were remembered, this one included.
    """

    total: int


@tool(name="{{tool}}_count", read_only=True, idempotent=True)
def count(text: Annotated[str, Arg(max_length=100_000)]) -> Count:
    """Counts the words and letters of a text.

    Args:
        text: The text.
    """
    words = text.split()
    if not words:
        raise InvalidArguments("the text has no words")
    return Count(len(words), sum(c.isalnum() for c in text), max(words, key=len))


@tool(name="{{tool}}_remember")
def remember(ctx: Ctx, texts: list[str]) -> Remembered:
    """Remembers texts, and tells how many there are by now.

    Args:
        texts: What to remember.
    """
    total = kv.get_json("total", 0)
    for done, text in enumerate(texts, 1):
        ctx.check()
        total += 1
        kv.set(f"text/{total}", text.encode())
        ctx.progress(done, len(texts), text)
    kv.set_json("total", total)
    return Remembered(total)
