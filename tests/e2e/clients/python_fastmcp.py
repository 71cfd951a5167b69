"""Lists and calls a tool with FastMCP's client."""

import asyncio
import os

from fastmcp import Client


async def main() -> None:
    async with Client(os.environ["TANDEM_MCP"]) as client:
        tools = [tool.name for tool in await client.list_tools()]
        assert "add" in tools, tools
        result = await client.call_tool("add", {"a": 1, "b": 2})
        assert result.structured_content == {"sum": 3.0}, result


asyncio.run(main())
