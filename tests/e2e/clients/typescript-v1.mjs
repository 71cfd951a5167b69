// Lists and calls a tool with the official TypeScript SDK, version 1.
import assert from 'node:assert';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const client = new Client({ name: 'tandem-e2e', version: '1' });
await client.connect(new StreamableHTTPClientTransport(new URL(process.env.TANDEM_MCP)));
const { tools } = await client.listTools();
assert(tools.some((tool) => tool.name === 'add'));
const result = await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } });
assert.deepEqual(result.structuredContent, { sum: 3 });
await client.close();
