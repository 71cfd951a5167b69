"""Notes that stay: a small store over ``kv``, with a resource for each note and a prompt that uses them."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated

from tandem_sdk import Arg, NotFound, complete, kv, log, prompt, resource, tool


class Color(Enum):
    """What a note looks like."""

    YELLOW = "yellow"
    GREEN = "green"
    PINK = "pink"


@dataclass
class Note:
    """A note.

    Attributes:
        title: Its title; no other note has it.
        text: What it says.
        color: What it looks like.
        tags: Words to find it by.
    """

    title: Annotated[str, Arg(min_length=1, max_length=80)]
    text: str
    color: Color = Color.YELLOW
    tags: list[str] = field(default_factory=list)


@dataclass
class Titles:
    """Titles of notes.

    Attributes:
        titles: The titles, in the order of the alphabet.
    """

    titles: list[str]


def _read(title: str) -> dict:
    found = kv.get_json(f"note/{title}")
    if found is None:
        raise NotFound(f"there is no note `{title}`")
    return found


@tool(idempotent=True)
def notes_put(note: Note) -> Titles:
    """Keeps a note, in place of the one of that title, if there is one.

    Args:
        note: The note.
    """
    kv.set_json(f"note/{note.title}", note)
    log.info({"kept": note.title})
    return notes_list()


@tool(read_only=True, idempotent=True)
def notes_get(title: str) -> Note:
    """Reads a note.

    Args:
        title: Its title.
    """
    found = _read(title)
    return Note(found["title"], found["text"], Color(found["color"]), found["tags"])


@tool(read_only=True, idempotent=True)
def notes_list(tag: str | None = None) -> Titles:
    """Lists the titles of the notes.

    Args:
        tag: Only notes that have this tag.
    """
    titles = [key.removeprefix("note/") for key in kv.keys("note/")]
    return Titles([title for title in titles if tag is None or tag in _read(title)["tags"]])


@tool(destructive=True, idempotent=True)
def notes_delete(title: str) -> bool:
    """Throws a note away, and tells whether there was one.

    Args:
        title: Its title.
    """
    return kv.delete(f"note/{title}")


@resource("notes://{title}", mime_type="text/plain")
def note(title: str) -> str:
    """A note's text."""
    return _read(title)["text"]


@prompt
def summarize_note(title: str, language: str = "English") -> str:
    """Asks for a summary of a note.

    Args:
        title: The note's title.
        language: The language of the summary.
    """
    return f"Summarize this note in {language}:\n\n{_read(title)['text']}"


@complete(prompt="summarize_note", argument="title")
def titles(value: str) -> list[str]:
    """Titles that start so."""
    return [title for title in notes_list().titles if title.startswith(value)]
