import type { Contents, Ctx, Message, Plugin, ToolOutput } from "./index.js";

/** What the local host knows, to look at and to fill. */
export declare const state: {
  kv: Map<string, Uint8Array>;
  cache: Map<string, Uint8Array>;
  config: Record<string, string>;
  secrets: Record<string, string>;
  /** The client's answers, MCP results, by the key of the question. */
  answers: Record<string, unknown>;
  tools: Record<string, (args: any) => { content?: unknown[]; structured?: unknown; isError?: boolean }>;
  log: [level: string, logger: string | null, json: string][];
  progress: [done: number, total: number | null, message: string | null][];
  hidden: Set<string>;
  /** Capabilities that are refused, such as `kv`. */
  denied: Set<string>;
  cancelled: boolean;
};
/** Forgets all of it. */
export declare function reset(): void;
export declare function ctx(): Ctx;
/** Answers http requests. */
export declare function answerHttp(
  answer: (request: { method: string; url: string; headers: Record<string, string>; body: Uint8Array }) => {
    status: number;
    headers?: Record<string, string>;
    body?: string | Uint8Array;
  },
): void;
/** Calls a tool, its arguments and its result checked against their schemas. */
export declare function call(plugin: Plugin, tool: string, args?: Record<string, unknown>): ToolOutput;
export declare function read(plugin: Plugin, uri: string): Contents[];
export declare function prompt(
  plugin: Plugin,
  name: string,
  args?: Record<string, string>,
): { description: string | null; messages: Message[] };
export declare function complete(
  plugin: Plugin,
  of: { prompt?: string; template?: string; argument: string; value?: string; given?: Record<string, string> },
): { values: string[]; total: number; hasMore: boolean };
