"""Lists and calls a tool with the official Python client, in the mode that is given."""

import asyncio
import os
import sys

from mcp import Client


async def main(mode: str) -> None:
    steps = []

    async def on_progress(done, total, message):
        steps.append(done)

    async with Client(os.environ["TANDEM_MCP"], mode=mode) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert "add" in tools, tools
        result = await client.call_tool("add", {"a": 1, "b": 2})
        assert result.structured_content == {"sum": 3.0}, result
        await client.call_tool("progress_steps", {"steps": 3}, progress_callback=on_progress)
        assert len(steps) == 3, steps


asyncio.run(main(sys.argv[1]))
