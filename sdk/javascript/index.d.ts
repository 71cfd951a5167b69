// Write a Tandem plugin in one JavaScript or TypeScript file.

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One declaration: a JSON Schema, and how a value is read by it. `Optional` says whether an object may lack it. */
export declare class Schema<T = unknown, Optional extends "required" | "optional" | "default" = "required"> {
  readonly json: Record<string, unknown>;
  /** @internal */ readonly _type?: T;
  /** @internal */ readonly _optional?: Optional;
  /** Reads a JSON value, or throws with its JSON pointer. */
  load(value: unknown): T;
  /** Says what it is, for a model. */
  describe(description: string): Schema<T, Optional>;
  /** It may be left out. */
  optional(): Schema<T, "optional">;
  /** It may be left out, and is this then. */
  default(fallback: T): Schema<T, "default">;
  /** It may be null. */
  nullable(): Schema<T | null, Optional>;
}

type AnySchema = Schema<any, any>;
/** The properties of an object. */
export type Shape = Record<string, AnySchema>;
type Flatten<T> = { [K in keyof T]: T[K] } & {};
type OptionalKeys<S extends Shape> = { [K in keyof S]: S[K] extends Schema<any, "optional"> ? K : never }[keyof S];
type AbsentKeys<S extends Shape> = { [K in keyof S]: S[K] extends Schema<any, "required"> ? never : K }[keyof S];
/** What a declaration reads: the type of its values. */
export type Infer<S> = S extends Schema<infer T, any> ? T : S extends Shape ? InferShape<S> : never;
type InferShape<S extends Shape> = Flatten<
  { [K in Exclude<keyof S, OptionalKeys<S>>]: Infer<S[K]> } & { [K in OptionalKeys<S>]?: Infer<S[K]> }
>;
/** What may be given for a declaration: what has a default may be left out. */
export type InferInput<S extends Shape> = Flatten<
  { [K in Exclude<keyof S, AbsentKeys<S>>]: Infer<S[K]> } & { [K in AbsentKeys<S>]?: Infer<S[K]> }
>;

interface NumberBounds {
  min?: number;
  max?: number;
}

/** The declarations. */
export declare const s: {
  /** `header`: clients mirror the argument into the header `Mcp-Param-…`. */
  string(bounds?: { minLength?: number; maxLength?: number; pattern?: string | RegExp; header?: string }): Schema<string>;
  number(bounds?: NumberBounds): Schema<number>;
  integer(bounds?: NumberBounds): Schema<number>;
  boolean(): Schema<boolean>;
  enum<const V extends readonly (string | number | boolean)[]>(values: V): Schema<V[number]>;
  array<S extends AnySchema>(items: S, bounds?: { minItems?: number; maxItems?: number }): Schema<Infer<S>[]>;
  object<S extends Shape>(shape: S): Schema<InferShape<S>>;
  record<S extends AnySchema>(values: S): Schema<Record<string, Infer<S>>>;
  union<S extends AnySchema[]>(...alternatives: S): Schema<Infer<S[number]>>;
  any(): Schema<any>;
  /** A JSON Schema written by hand; the host alone checks it. */
  json<T = any>(schema: Record<string, unknown>): Schema<T>;
};

export type Bytes = Uint8Array | number[];
export interface Contents {
  uri: string;
  mimeType: string | null;
  body: { tag: "text"; val: string } | { tag: "blob"; val: Uint8Array };
}
/** One block of a result or a message. */
export type Content =
  | { tag: "text"; val: string }
  | { tag: "image" | "audio"; val: { data: Uint8Array; mimeType: string } }
  | { tag: "resource-link"; val: { uri: string; name: string; description: string | null; mimeType: string | null } }
  | { tag: "embedded-resource"; val: Contents };
export declare function text(value: string): Content;
export declare function image(data: Bytes, mimeType: string): Content;
export declare function audio(data: Bytes, mimeType: string): Content;
export declare function link(uri: string, name: string, more?: { description?: string; mimeType?: string }): Content;
/** A resource's content: text or bytes. */
export declare function contents(uri: string, body: string | Bytes, mimeType?: string | null): Contents;
export declare function embedded(contents: Contents): Content;

/** A whole answer: blocks, and a structured result. */
export declare class ToolOutput {
  constructor(content?: Content[], structured?: unknown);
  content: Content[];
  structured: any;
  /** The text blocks, one a line. */
  readonly text: string;
}

export interface Message {
  role: "user" | "assistant";
  content: Content;
}
export declare function user(content: string | Content): Message;
export declare function assistant(content: string | Content): Message;

export type ErrorKind =
  | "invalid-arguments"
  | "not-found"
  | "denied"
  | "unavailable"
  | "missing-capability"
  | "cancelled"
  | "failed"
  | "other";

/** Why a tool, resource or prompt gives no answer. */
export declare class ToolError extends Error {
  constructor(kind: ErrorKind, message: string, more?: { reason?: string; output?: unknown });
  kind: ErrorKind;
  /** The case of the host interface's own error, such as `quota-exceeded`, when the host refused something. */
  reason?: string;
  /** The arguments are wrong in a way that the schema does not tell. */
  static invalidArguments(message: string): ToolError;
  /** Something that the arguments name is not there. */
  static notFound(message: string): ToolError;
  /** The plugin was refused a capability. */
  static denied(message: string): ToolError;
  /** Trying again later may help. */
  static unavailable(message: string): ToolError;
  /** The tool cannot work without this client capability. */
  static missingCapability(capability: "elicitation" | "sampling" | "roots"): ToolError;
  /** The tool stopped because the call was cancelled. */
  static cancelled(): ToolError;
  /** The tool failed and has content to say why: anything that a tool may answer. */
  static failed(output: unknown): ToolError;
  /** Anything else. */
  static other(message: string): ToolError;
}

export interface Services {
  readonly kv: typeof kv;
  readonly cache: typeof cache;
  readonly config: typeof config;
  readonly log: typeof log;
  readonly secrets: typeof secrets;
  readonly events: typeof events;
  readonly invoke: typeof invoke;
  readonly client: typeof client;
  readonly http: typeof http;
}

/** One call: who asks, how long it may take, how far it is, and what the host offers. */
export interface Ctx extends Services {
  /** The request's id, as it stands in the operator's log. */
  readonly id: string;
  /** On whose behalf the call runs. */
  readonly principal: { tenant: string; subject: string; scopes: string[] };
  /** Milliseconds that are left until the wall-clock deadline. */
  remaining(): number;
  /** Whether the client gave the call up. */
  cancelled(): boolean;
  /** Stops the loop of a call that was given up: throws a `ToolError` of kind `cancelled`. */
  check(): void;
  /** Tells the client how far the call is. `done` must grow; `total` is in the same unit, if known. */
  progress(done: number, total?: number, message?: string): void;
}

type ContentResult = string | void | null | Content | Content[] | ToolOutput;
type Result<O> = O extends Schema<infer T, any> ? T | ToolOutput : O extends Shape ? InferShape<O> | ToolOutput : ContentResult;

export interface Tool<I extends Shape = any, O extends Shape | AnySchema | undefined = any> {
  /** What it does and when to use it, for a model. */
  description: string;
  title?: string;
  /** It changes nothing. */
  readOnly?: boolean;
  /** It may destroy something. */
  destructive?: boolean;
  /** Calling it twice with the same arguments has the effect of calling it once. */
  idempotent?: boolean;
  /** It reaches things outside the host. */
  openWorld?: boolean;
  /**
   * Whether a call that takes long may go on as a task, for clients that know them: `true` or `"optional"`, `"required"` (other
   * clients are refused), `false` or `"forbidden"`. Without it, the tool's deadline says.
   */
  task?: boolean | "forbidden" | "optional" | "required";
  /** Further `_meta` for clients. */
  meta?: Record<string, unknown>;
  /** The arguments. */
  input?: I;
  /** The structured result: the properties of an object, or any other schema, which goes into one under `result`. */
  output?: O;
  handler(args: InferShape<I>, ctx: Ctx): Result<O>;
}
/** One tool, with the types of its handler inferred from its declarations. */
export declare function tool<I extends Shape = {}, O extends Shape | AnySchema | undefined = undefined>(tool: Tool<I, O>): Tool<I, O>;

type Complete = (value: string, settled: Record<string, string>) => Iterable<string>;
export interface Resource {
  name: string;
  title?: string;
  description?: string;
  mimeType?: string;
  /** Text, bytes or whole contents. `variables` are those of the URI. */
  read(variables: Record<string, string>, ctx: Ctx, uri: string): string | Uint8Array | Contents | Contents[];
  /** Completions of variables. */
  complete?: Record<string, Complete>;
}
export declare function resource(resource: Resource): Resource;

type PromptArguments = Record<string, string | { description?: string; required?: boolean }>;
type PromptInput<A extends PromptArguments> = Flatten<
  { [K in keyof A as A[K] extends { required: false } ? never : K]: string } & {
    [K in keyof A as A[K] extends { required: false } ? K : never]?: string;
  }
>;
export interface Prompt<A extends PromptArguments = any> {
  title?: string;
  description?: string;
  /** What each argument is; one must be given unless it says `required: false`. */
  arguments?: A;
  /** What the person says, or several messages. */
  handler(args: PromptInput<A>, ctx: Ctx): string | Content | Message | (string | Message)[];
  /** Completions of arguments. */
  complete?: { [K in keyof A]?: Complete };
}
export declare function prompt<const A extends PromptArguments = {}>(prompt: Prompt<A>): Prompt<A>;

/** A plugin: the default export of its module. */
export interface Plugin {
  readonly tools: ReadonlyMap<string, Tool>;
}
export declare function plugin(declaration: {
  /** By their names: `[A-Za-z0-9_.-]{1,64}`, unique in the host. */
  tools: Record<string, Tool>;
  /** By their URIs; one with `{variables}` is a family. */
  resources?: Record<string, Resource>;
  prompts?: Record<string, Prompt>;
  /** Runs before the plugin serves; what it throws keeps the plugin out. */
  check?(): void;
}): Plugin;

/** A durable key-value store, private to this plugin and tenant. A write that returned is on disk. */
export declare const kv: {
  get(key: string): Uint8Array | undefined;
  getText(key: string): string | undefined;
  getJson<T = any>(key: string): T | undefined;
  getJson<T>(key: string, fallback: T): T;
  set(key: string, value: string | Uint8Array): void;
  setJson(key: string, value: unknown): void;
  /** All of them or none. */
  setMany(entries: Record<string, string | Uint8Array>): void;
  /** Sets a value only while the present one equals `expected` (undefined: only when there is none). */
  compareAndSet(key: string, expected: string | Uint8Array | undefined, value: string | Uint8Array): boolean;
  /** Answers whether it was there. */
  delete(key: string): boolean;
  keys(prefix?: string): string[];
  listKeys(prefix?: string, page?: { limit?: number; after?: string }): { keys: string[]; next?: string };
};
/** A bounded in-memory cache. Times to live are in milliseconds. */
export declare const cache: {
  get(key: string): Uint8Array | undefined;
  set(key: string, value: string | Uint8Array, options?: { ttl?: number }): void;
  delete(key: string): void;
  getOrSet<T>(key: string, make: () => T, options?: { ttl?: number }): T;
};
/** Settings that the operator gave this plugin. */
export declare const config: {
  get(key: string): string | undefined;
  get(key: string, fallback: string): string;
  all(): Record<string, string>;
  require(key: string): string;
};
export type Level = "debug" | "info" | "notice" | "warning" | "error" | "critical" | "alert" | "emergency";
/** Log lines: any JSON value. */
export declare const log: {
  write(level: Level, data: unknown, logger?: string): void;
  debug(data: unknown): void;
  info(data: unknown): void;
  notice(data: unknown): void;
  warning(data: unknown): void;
  error(data: unknown): void;
};
/** The operator's secrets, as placeholders that the host replaces in outgoing requests. */
export declare const secrets: {
  names(): string[];
  placeholder(name: string): string;
  /** Needs a grant of its own (`reveal-secrets`). */
  reveal(name: string): string;
};
type Kind = "tool" | "prompt" | "resource";
/** Tells clients that what the plugin offers has changed. */
export declare const events: {
  hide(kind: Kind, name: string): void;
  show(kind: Kind, name: string): void;
  resourceUpdated(uri: string): void;
};
/** Calls other tools, as the same caller. */
export declare const invoke: {
  call(tool: string, args?: Record<string, unknown>): any;
  callTool(tool: string, args?: Record<string, unknown>): { content: any[]; text: string; structured: any; isError: boolean };
};
type Question =
  | { key: string; elicit: { message: string; schema: Record<string, unknown> } }
  | { key: string; sample: Record<string, unknown> }
  | { key: string; roots: true };
/** Asks the user's side. */
export declare const client: {
  capabilities(): { elicitation: boolean; sampling: boolean; roots: boolean };
  request(...questions: Question[]): any[];
  /** Answers the form, or undefined when the person said no or closed it. */
  elicit<S extends Shape>(key: string, message: string, form: S): InferShape<S> | undefined;
  sample(key: string, prompt: string, options?: { maxTokens?: number }): string;
  roots(): { uri: string; name?: string }[];
};
export interface Response {
  status: number;
  /** By lower-case name. */
  headers: Record<string, string>;
  body: Uint8Array;
  readonly text: string;
  json(): any;
  /** The answer itself, if its status says success; else throws. */
  ok(): Response;
}
export interface RequestOptions {
  headers?: Record<string, string>;
  /** Its body, or the parts of one: a generator's, say. They are sent while they are made; what it throws ends the request. */
  body?: string | Uint8Array | Iterable<string | Uint8Array>;
  /** A body that is written as JSON. */
  json?: unknown;
  /** Added to the URL's query, percent-encoded: whatever a value holds, it stays one value. */
  query?: Record<string, string | number | boolean>;
  /** Bytes of the answer that are taken [8 MiB]. */
  maxBytes?: number;
  /** Milliseconds after which it is given up as `unavailable`. Without it, when the call's deadline has come. */
  timeout?: number;
}
/** A request for `http.sendAll`. */
export interface Request extends RequestOptions {
  /** [`GET`] */
  method?: string;
  url: string;
}
/**
 * Outgoing HTTP, to the hosts that the manifest requests and the operator grants. An error's `reason` is `timeout`, `too-large`,
 * `invalid` (a malformed URL, method or header), or the code of wasi:http, such as `connection-refused`.
 */
export declare const http: {
  request(method: string, url: string, options?: RequestOptions): Response;
  get(url: string, options?: RequestOptions): Response;
  post(url: string, options?: RequestOptions): Response;
  /** Sends requests, up to eight at a time, and waits for all answers: in their order, each an answer or its error. */
  sendAll(requests: Iterable<Request>): (Response | ToolError)[];
};
