"""Asks the user's side: the person (elicitation), the model (sampling), or the workspace (roots).

The function just calls and is suspended until the answers are there. Hosts bound how many calls wait, and for how long.
"""

from __future__ import annotations

import json
import typing
from dataclasses import dataclass
from typing import Any

from . import schema
from ._host import asked, client as _host
from .errors import ToolError


@dataclass(frozen=True)
class Question:
    """One question, to be asked with others by :func:`request`. Its key must be unique in its call."""

    key: str
    input: Any

    @staticmethod
    def elicit(key: str, message: str, requested: dict[str, Any]) -> Question:
        """A form for a person; ``requested`` is the JSON Schema of the answer: an object of flat properties."""
        return Question(key, _host.Input_Elicit(_host.Elicitation(message, schema.to_json(requested))))

    @staticmethod
    def sample(key: str, parameters: dict[str, Any]) -> Question:
        """A question to a model: the parameters of an MCP ``sampling/createMessage``."""
        return Question(key, _host.Input_Sample(schema.to_json(parameters)))

    @staticmethod
    def roots(key: str = "roots") -> Question:
        """The workspace's roots."""
        return Question(key, _host.Input_Roots())


def capabilities() -> dict[str, bool]:
    """What the client of this call can be asked: ``elicitation``, ``sampling``, ``roots``."""
    able = _host.get_capabilities()
    return {"elicitation": able.elicitation, "sampling": able.sampling, "roots": able.roots}


def request(*questions: Question) -> list[Any]:
    """Asks all questions at once and waits for all answers: the MCP results, in the order of the questions."""
    answers = asked("client", _host.request, [_host.InputRequest(q.key, q.input) for q in questions])
    try:
        return [json.loads(answer.response) for answer in answers]
    except ValueError as error:
        raise ToolError(f"the client's answer has the wrong form: {error}") from None


def elicit(key: str, message: str, form: type | dict[str, Any]) -> Any:
    """Asks a person to fill in a form: a dataclass of texts, numbers, booleans and choices, or a JSON Schema of such.

    Answers the form, filled in, or None when the person said no or closed it.
    """
    shape = None if isinstance(form, dict) else schema.shape(form)
    answer = request(Question.elicit(key, message, _flat(form if shape is None else shape.schema)))[0]
    if not isinstance(answer, dict) or answer.get("action") not in ("accept", "decline", "cancel"):
        raise ToolError(f"the client's answer has the wrong form: `{key}` has no action of accept, decline or cancel")
    if answer["action"] != "accept":
        return None
    content = answer.get("content") or {}
    try:
        return content if shape is None else shape.load(content)
    except schema.Mismatch as error:
        raise ToolError(f"the client's answer has the wrong form: `{key}`: {error}") from None


def sample(key: str, prompt: str, max_tokens: int = 1000) -> str:
    """Asks a model one thing in text, and takes its answer as text."""
    message = {"role": "user", "content": {"type": "text", "text": prompt}}
    answer = request(Question.sample(key, {"messages": [message], "maxTokens": max_tokens}))[0]
    content = answer.get("content") if isinstance(answer, dict) else None
    text = content.get("text") if isinstance(content, dict) else None
    if not isinstance(text, str):
        raise ToolError(f"the client's answer has the wrong form: `{key}` is not text")
    return text


def roots() -> list[dict[str, Any]]:
    """The workspace's roots: ``uri`` and, if it has one, ``name``."""
    answer = request(Question.roots())[0]
    return typing.cast(dict[str, Any], answer).get("roots", [])


def _flat(form: dict[str, Any]) -> dict[str, Any]:
    """The schema of a form: without null, which no form can give, and without what clients do not know."""
    flat = {key: value for key, value in form.items() if key != "additionalProperties"}
    flat["properties"] = {name: _not_null(dict(inner)) for name, inner in form.get("properties", {}).items()}
    return flat


def _not_null(inner: dict[str, Any]) -> dict[str, Any]:
    if isinstance(inner.get("type"), list):
        kinds = [kind for kind in inner["type"] if kind != "null"]
        inner["type"] = kinds[0] if len(kinds) == 1 else kinds
    if "enum" in inner:
        inner["enum"] = [value for value in inner["enum"] if value is not None]
    return inner
