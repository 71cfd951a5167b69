// Lists and calls a tool with the official TypeScript client, version 2, in the mode that is given.
import assert from 'node:assert';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const client = new Client({ name: 'tandem-e2e', version: '1' }, { versionNegotiation: { mode: process.argv[2] } });
await client.connect(new StreamableHTTPClientTransport(new URL(process.env.TANDEM_MCP)));
const { tools } = await client.listTools();
assert(tools.some((tool) => tool.name === 'add'));
const result = await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } });
assert.deepEqual(result.structuredContent, { sum: 3 });
await client.close();
