"""Write a Tandem plugin in one Python file: decorated functions are its tools.

What host functions offer is in modules of the same names: ``kv``, ``cache``, ``config``, ``log``, ``secrets``, ``client``,
``events``, ``invoke`` and ``http``. All of them wait by themselves; none needs ``async``.
"""

from . import cache, client, config, events, http, invoke, kv, log, secrets
from .content import (
    Audio,
    Completion,
    Content,
    Contents,
    Image,
    Link,
    Message,
    PromptOutput,
    Text,
    ToolOutput,
)
from .ctx import Ctx, Principal
from .errors import (
    Cancelled,
    Denied,
    Failed,
    InvalidArguments,
    MissingCapability,
    NotFound,
    ToolError,
    Unavailable,
)
from .plugin import check, complete, prompt, resource, tool
from .schema import Arg

__version__ = "0.1.0"

__all__ = [
    "Arg", "Audio", "Cancelled", "Completion", "Content", "Contents", "Ctx", "Denied", "Failed", "Image", "InvalidArguments",
    "Link", "Message", "MissingCapability", "NotFound", "Principal", "PromptOutput", "Text", "ToolError", "ToolOutput",
    "Unavailable", "cache", "check", "client", "complete", "config", "events", "http", "invoke", "kv", "log", "prompt",
    "resource", "secrets", "tool",
]  # fmt: skip
