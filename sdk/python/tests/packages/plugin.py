"""Uses packages from PyPI that find their parts by entry points, and import them when they are first needed."""

from importlib import metadata

import markdown
from pygments import highlight
from pygments.formatters import get_formatter_by_name
from pygments.lexers import get_lexer_by_name
from tandem_sdk import tool


@tool(read_only=True, idempotent=True)
def packages_render(text: str, extensions: list[str]) -> str:
    """Makes HTML of Markdown.

    Args:
        text: The Markdown.
        extensions: Extensions, by the names of their entry points.
    """
    return markdown.markdown(text, extensions=extensions)


@tool(read_only=True, idempotent=True)
def packages_highlight(source: str, language: str) -> str:
    """Marks up a source.

    Args:
        source: The source.
        language: Its language: the lexer of it is imported when it is asked for.
    """
    return highlight(source, get_lexer_by_name(language), get_formatter_by_name("html", nowrap=True))


@tool(read_only=True, idempotent=True)
def packages_version(package: str) -> str:
    """Tells a package's version.

    Args:
        package: Its name.
    """
    return metadata.version(package)
