"""Takes a docstring apart: what a function does, and what each of its parameters is.

Understands Google's form (a section ``Args:``), Sphinx' form (``:param name: text``) and a plain text. Sections that only
speak to Python programmers (``Returns``, ``Raises``, …) are left out: the schemas say what comes back.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import NamedTuple

_SECTION = re.compile(
    r"(args|arguments|parameters|attributes|returns?|raises|yields|examples?|notes?):\s*", re.IGNORECASE
)
_PARAMETERS = {"args", "arguments", "parameters", "attributes"}
# These stay part of the description: a model can use them.
_KEPT = {"example", "examples", "note", "notes"}
_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)")
_FIELD = re.compile(r":(?:param|parameter|arg|argument|ivar|cvar|var)\s+(?:[^:]*\s)?\*{0,2}(\w+):\s*(.*)")
_OTHER_FIELD = re.compile(r":(?:type|rtype|returns?|raises?|yields?|except)\b[^:]*:.*")


class Doc(NamedTuple):
    """A docstring's parts, each on as few lines as its paragraphs need."""

    description: str
    parameters: dict[str, str]


def parse(docstring: str | None) -> Doc:
    """Parses a docstring; none is an empty description."""
    body: list[str] = []
    parameters: dict[str, list[str]] = {}
    section = ""
    # The lines that an indented line continues, and the indent of a section's entries.
    target = body
    indent = 0
    for line in cleandoc(docstring or "").splitlines():
        depth = len(line) - len(line.lstrip())
        text = line.strip()
        heading = _SECTION.fullmatch(text) if depth == 0 else None
        if heading:
            section, indent = heading[1].lower(), 0
            target = body if section in _KEPT else []
            if section in _KEPT:
                body.append(text)
        elif field := _FIELD.fullmatch(text):
            section, target = "field", parameters.setdefault(field[1], [field[2]])
        elif _OTHER_FIELD.fullmatch(text):
            section, target = "field", []
        elif section in _PARAMETERS and depth > 0:
            indent = indent or depth
            entry = _ENTRY.fullmatch(text) if depth == indent else None
            if entry:
                target = parameters.setdefault(entry[1], [entry[2]])
            else:
                target.append(text)
        elif section and text and depth == 0 and section not in _KEPT:
            section, target = "", body
            body.append(text)
        else:
            target.append(text)
    return Doc(_paragraphs(body), {name: " ".join(filter(None, lines)) for name, lines in parameters.items()})


def of_class(cls: type) -> Doc:
    """A class's docstring, unless it is the signature that ``dataclass`` writes where there is none."""
    text = cls.__dict__.get("__doc__")
    if not isinstance(text, str) or text.startswith(f"{cls.__name__}("):
        return Doc("", {})
    return parse(text)


def _paragraphs(lines: list[str]) -> str:
    """Joins wrapped lines; empty lines, list items and headings keep their own line."""
    text = ""
    for line in lines:
        if not line:
            text = text.rstrip() + "\n\n"
        elif not text or text.endswith("\n"):
            text += line
        elif re.match(r"[-*+] |\d+\. |>>> ", line) or text.endswith(":"):
            text += "\n" + line
        else:
            text += " " + line
    return re.sub(r"\n{3,}", "\n\n", text).strip()
