// What the host offers. All of it waits by itself; nothing is a promise. What was not granted throws a ToolError of kind `denied`.

import * as host from "#host";

import { ToolError, asked } from "./errors.js";
import { Mismatch, Schema, object } from "./schema.js";
import { decode, encode } from "./utf8.js";

export { http } from "./http.js";

// Keys a page holds at most.
const PAGE = 1000;
const bytes = (value) => (typeof value === "string" ? encode(value) : value);
const optional = (value) => (value === null || value === undefined ? undefined : Uint8Array.from(value));
const parse = (what, text) => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw ToolError.other(`reading ${what}: ${error.message}`);
  }
};

/** A durable key-value store, private to this plugin and tenant. A write that returned is on disk. */
export const kv = {
  get: (key) => optional(asked("kv", () => host.kv.get(key))),
  set: (key, value) => void asked("kv", () => host.kv.set(key, bytes(value))),
  setMany: (entries) => void asked("kv", () => host.kv.setMany(Object.entries(entries).map(([key, value]) => [key, bytes(value)]))),
  compareAndSet: (key, expected, value) =>
    asked("kv", () => host.kv.compareAndSet(key, expected === undefined || expected === null ? null : bytes(expected), bytes(value))),
  delete: (key) => asked("kv", () => host.kv.delete(key)),
  listKeys(prefix = "", { limit = PAGE, after = null } = {}) {
    const page = asked("kv", () => host.kv.listKeys(prefix, limit, after));
    return { keys: page.keys, next: page.next ?? undefined };
  },
  keys(prefix = "") {
    const all = [];
    for (let after = null; ; ) {
      const page = kv.listKeys(prefix, { after });
      all.push(...page.keys);
      if (page.next === undefined) return all;
      after = page.next;
    }
  },
  getText(key) {
    const value = kv.get(key);
    return value && decode(value);
  },
  getJson(key, fallback) {
    const text = kv.getText(key);
    return text === undefined ? fallback : parse(`\`${key}\` from kv`, text);
  },
  setJson: (key, value) => kv.set(key, JSON.stringify(value)),
};

/** A bounded in-memory cache, private to this plugin and tenant. An entry may vanish at any time. */
export const cache = {
  get: (key) => optional(asked("cache", () => host.cache.get(key))),
  /** It expires after `ttl` milliseconds, or when room is needed. */
  set: (key, value, { ttl = null } = {}) => void asked("cache", () => host.cache.set(key, bytes(value), ttl)),
  delete: (key) => void asked("cache", () => host.cache.delete(key)),
  /** The JSON value of `key`, worked out by `make` and kept for `ttl` milliseconds when it is not there. */
  getOrSet(key, make, options) {
    const found = cache.get(key);
    if (found) {
      try {
        return JSON.parse(decode(found));
      } catch {
        // Something else wrote it: it is made again.
      }
    }
    const value = make();
    try {
      cache.set(key, JSON.stringify(value), options);
    } catch (error) {
      if (error.reason !== "too-large") throw error; // what does not fit is worked out each time
    }
    return value;
  },
};

/** Settings that the operator gave this plugin. */
export const config = {
  get: (key, fallback) => host.config.get(key) ?? fallback,
  all: () => Object.fromEntries(host.config.all()),
  require(key) {
    const value = host.config.get(key);
    if (value === null || value === undefined) {
      throw ToolError.other(`the setting \`${key}\` is missing: set it in the plugin's configuration`);
    }
    return value;
  },
};

const write = (level, data, logger = null) => host.log.write(level, logger, JSON.stringify(data) ?? "null");

/** Log lines. They go to the operator's log, and to the client when it asked for the level. */
export const log = {
  write,
  debug: (data) => write("debug", data),
  info: (data) => write("info", data),
  notice: (data) => write("notice", data),
  warning: (data) => write("warning", data),
  error: (data) => write("error", data),
};

/** The operator's secrets for this plugin, as placeholders that the host replaces in outgoing requests. */
export const secrets = {
  names: () => asked("secrets", () => host.secrets.list()),
  placeholder: (name) => asked("secrets", () => host.secrets.placeholder(name)),
  reveal: (name) => asked("secrets", () => host.secrets.reveal(name)),
};

/** Tells clients that what the plugin offers has changed. `kind` is `tool`, `prompt` or `resource`. */
export const events = {
  hide: (kind, name) => void asked("events", () => host.events.setHidden(kind, name, true)),
  show: (kind, name) => void asked("events", () => host.events.setHidden(kind, name, false)),
  resourceUpdated: (uri) => void asked("events", () => host.events.resourceUpdated(uri)),
};

/** Calls other tools through the router, as the same caller. */
export const invoke = {
  /** A tool that says it failed is an answer, not an error. */
  callTool(tool, given = {}) {
    const made = asked("invoke", () => host.invoke.callTool(tool, JSON.stringify(given)));
    const content = parse(`the answer of \`${tool}\``, made.content);
    const text = content.filter((block) => block.type === "text").map((block) => block.text).join("\n");
    const structured = made.structured === null || made.structured === undefined ? undefined : JSON.parse(made.structured);
    return { content, text, structured, isError: made.isError };
  },
  /** The structured result, or the text when there is none; a tool that failed throws. */
  call(tool, given) {
    const made = invoke.callTool(tool, given);
    if (made.isError) throw ToolError.other(`\`${tool}\` failed: ${made.text}`);
    return made.structured ?? made.text;
  },
};

const wrongForm = (why) => ToolError.other(`the client's answer has the wrong form: ${why}`);

/** Asks the user's side: the person (elicitation), the model (sampling), or the workspace (roots). */
export const client = {
  capabilities: () => host.client.getCapabilities(),
  /** Asks all questions at once: `{ key, elicit: { message, schema } }`, `{ key, sample: {…} }` or `{ key, roots: true }`. */
  request(...questions) {
    const requests = questions.map(({ key, elicit, sample }) => {
      if (elicit) {
        const requestedSchema = JSON.stringify(elicit.schema);
        return { key, input: { tag: "elicit", val: { message: elicit.message, requestedSchema } } };
      }
      return { key, input: sample ? { tag: "sample", val: JSON.stringify(sample) } : { tag: "roots" } };
    });
    return asked("client", () => host.client.request(requests)).map(({ key, response }) => parse(`the answer to \`${key}\``, response));
  },
  /** Asks a person to fill in a form. Answers it, or undefined when the person said no or closed it. */
  elicit(key, message, form) {
    const schema = form instanceof Schema ? form : object(form);
    const { additionalProperties, ...json } = schema.json;
    const [answer] = client.request({ key, elicit: { message, schema: json } });
    if (!["accept", "decline", "cancel"].includes(answer?.action)) throw wrongForm(`\`${key}\` has no action of accept, decline or cancel`);
    if (answer.action !== "accept") return undefined;
    try {
      return schema.load(answer.content ?? {});
    } catch (error) {
      throw error instanceof Mismatch ? wrongForm(`\`${key}\`: ${error.message}`) : error;
    }
  },
  /** Asks a model one thing in text. */
  sample(key, prompt, { maxTokens = 1000 } = {}) {
    const messages = [{ role: "user", content: { type: "text", text: prompt } }];
    const text = client.request({ key, sample: { messages, maxTokens } })[0]?.content?.text;
    if (typeof text !== "string") throw wrongForm(`\`${key}\` is not text`);
    return text;
  },
  roots: () => client.request({ key: "roots", roots: true })[0]?.roots ?? [],
};
