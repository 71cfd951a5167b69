"""Looks after links: what answers, with which title. HTTP by grant, answers cached, progress for long lists."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Annotated, Literal

from tandem_sdk import Arg, Ctx, Denied, ToolError, cache, config, http, tool

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass
class Link:
    """What is behind a link.

    Attributes:
        url: The link.
        state: Whether it answers; `denied` means that this host may not be asked.
        status: The status of the answer, if there was one.
        title: The page's title, if it has one.
        why: Why there was no answer.
    """

    url: str
    state: Literal["alive", "dead", "denied"]
    status: int | None = None
    title: str | None = None
    why: str | None = None


def _look(url: str) -> Link:
    try:
        answer = http.get(url, headers={"user-agent": config.get("user-agent", "tandem-links") or ""})
    except Denied as error:
        return Link(url, "denied", why=error.message)
    except ToolError as error:
        return Link(url, "dead", why=error.message)
    title = _TITLE.search(answer.text)
    state = "alive" if answer.status < 400 else "dead"
    return Link(url, state, answer.status, unescape(title[1]).strip() if title else None)


@tool(read_only=True, open_world=True, task=True)
def links_check(ctx: Ctx, urls: Annotated[list[str], Arg(min_length=1, max_length=50)]) -> list[Link]:
    """Tells which links answer, and what their pages are called.

    Args:
        urls: The links.
    """
    links = []
    for done, url in enumerate(urls, 1):
        ctx.check()
        links.append(_look(url))
        ctx.progress(done, len(urls), url)
    return links


@tool(read_only=True, idempotent=True, open_world=True)
def links_title(url: str) -> str:
    """Tells the title of a page. Answers from the last minute are used again.

    Args:
        url: The page's address.
    """

    def fetch() -> str:
        title = _TITLE.search(http.get(url).ok().text)
        if title is None:
            raise ToolError(f"{url} has no title")
        return unescape(title[1]).strip()

    return cache.get_or_set(url, fetch, ttl=60)
