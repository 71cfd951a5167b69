"""A host for tests: ``kv``, ``cache``, settings, secrets and the client's answers live in this process.

Names and shapes are those of the bindings that a component is built with, so that the modules above need not know which they use.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Callable


class Err(Exception):
    """A host function's error."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


def _case(name: str, value: Any = None) -> Err:
    return Err(type(f"Error_{name}", (), {"value": value})())


@dataclass
class State:
    """All that the local host knows."""

    kv: dict[str, bytes] = field(default_factory=dict)
    cache: dict[str, bytes] = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    #: The client's answers, JSON texts, by the key of the question.
    answers: dict[str, str] = field(default_factory=dict)
    #: The other tools: functions of a JSON text that answer ``(content, structured, is_error)``.
    tools: dict[str, Callable[[str], tuple[str, str | None, bool]]] = field(default_factory=dict)
    #: What was logged: level, logger, JSON text.
    log: list[tuple[str, str | None, str]] = field(default_factory=list)
    #: What the call reported: done, total, message.
    progress: list[tuple[float, float | None, str | None]] = field(default_factory=list)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    #: Capabilities that are refused, such as ``kv``.
    denied: set[str] = field(default_factory=set)
    cancelled: bool = False


STATE = State()


def reset() -> None:
    """Forgets everything."""
    STATE.__init__()  # type: ignore[misc]


def _granted(capability: str) -> None:
    if capability in STATE.denied:
        raise _case("Denied", f"`{capability}` is not granted")


class Call:
    """A context of no call: without deadline, client or caller."""

    def id(self) -> str:
        return "local"

    def remaining_ms(self) -> int:
        return 2**53

    def cancelled(self) -> bool:
        return STATE.cancelled

    def progress(self, done: float, total: float | None, message: str | None) -> None:
        STATE.progress.append((done, total, message))

    def principal(self) -> Any:
        return SimpleNamespace(tenant="default", subject="anonymous", scopes=[])


class kv:
    @dataclass
    class KeyPage:
        keys: list[str]
        next: str | None

    @staticmethod
    def get(key: str) -> bytes | None:
        _granted("kv")
        return STATE.kv.get(key)

    @staticmethod
    def set(key: str, value: bytes) -> None:
        kv.set_many([(key, value)])

    @staticmethod
    def set_many(entries: list[tuple[str, bytes]]) -> None:
        _granted("kv")
        if any(not 0 < len(key.encode()) <= 512 for key, _ in entries):
            raise _case("TooLarge", "1 to 512 bytes a key")
        STATE.kv.update((key, bytes(value)) for key, value in entries)

    @staticmethod
    def compare_and_set(key: str, expected: bytes | None, value: bytes) -> bool:
        if kv.get(key) != expected:
            return False
        kv.set(key, value)
        return True

    @staticmethod
    def delete(key: str) -> bool:
        _granted("kv")
        return STATE.kv.pop(key, None) is not None

    @staticmethod
    def list_keys(prefix: str, limit: int, after: str | None) -> KeyPage:
        _granted("kv")
        keys = sorted(k for k in STATE.kv if k.startswith(prefix) and (after is None or k > after))
        return kv.KeyPage(keys[:limit], keys[limit - 1] if len(keys) > limit else None)


class cache:
    @staticmethod
    def get(key: str) -> bytes | None:
        _granted("cache")
        return STATE.cache.get(key)

    @staticmethod
    def set(key: str, value: bytes, ttl_ms: int | None) -> None:
        _granted("cache")
        STATE.cache[key] = bytes(value)

    @staticmethod
    def delete(key: str) -> None:
        _granted("cache")
        STATE.cache.pop(key, None)


class config:
    @staticmethod
    def get(key: str) -> str | None:
        return STATE.config.get(key)

    @staticmethod
    def all() -> list[tuple[str, str]]:
        return sorted(STATE.config.items())


class log:
    Level = enum.Enum("Level", "DEBUG INFO NOTICE WARNING ERROR CRITICAL ALERT EMERGENCY")

    @staticmethod
    def write(level: Any, logger: str | None, data: str) -> None:
        STATE.log.append((level.name.lower(), logger, data))


class events:
    EntryKind = enum.Enum("EntryKind", "TOOL PROMPT RESOURCE")

    @staticmethod
    def set_hidden(kind: Any, name: str, hidden: bool) -> None:
        (STATE.hidden.add if hidden else STATE.hidden.discard)((kind.name.lower(), name))

    @staticmethod
    def resource_updated(uri: str) -> None: ...


class invoke:
    @staticmethod
    def call_tool(tool: str, arguments: str) -> Any:
        _granted("invoke")
        if tool not in STATE.tools:
            raise _case("NotFound", f"there is no tool `{tool}`")
        content, structured, is_error = STATE.tools[tool](arguments)
        return SimpleNamespace(content=content, structured=structured, is_error=is_error)


class secrets:
    @staticmethod
    def list() -> list[str]:
        return sorted(STATE.secrets)

    @staticmethod
    def placeholder(name: str) -> str:
        if name not in STATE.secrets:
            raise _case("Denied", f"the secret `{name}` is not granted")
        return f"placeholder-of-{name}"

    @staticmethod
    def reveal(name: str) -> str:
        secrets.placeholder(name)
        _granted("reveal-secrets")
        return STATE.secrets[name]


class client:
    @dataclass
    class Elicitation:
        message: str
        requested_schema: str

    @dataclass
    class Input_Elicit:
        value: Any

    @dataclass
    class Input_Sample:
        value: str

    class Input_Roots: ...

    @dataclass
    class InputRequest:
        key: str
        input: Any

    @staticmethod
    def get_capabilities() -> Any:
        able = bool(STATE.answers)
        return SimpleNamespace(elicitation=able, sampling=able, roots=able)

    @staticmethod
    def request(requests: list[Any]) -> list[Any]:
        for asked in requests:
            if asked.key not in STATE.answers:
                raise _case("Unsupported", "elicitation")
        return [SimpleNamespace(key=asked.key, response=STATE.answers[asked.key]) for asked in requests]
