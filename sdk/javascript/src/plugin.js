// `plugin({ tools, resources, prompts, check })`: the declaration, checked when the plugin is built, and calls of its entries.

import { ToolOutput, blocks, contents, user } from "./content.js";
import { ToolError } from "./errors.js";
import { Mismatch, Schema, object } from "./schema.js";

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
// Candidates that a completion carries at most.
const MAX_COMPLETIONS = 100;
// Whether calls become tasks, as the host reads it in a tool's `_meta` under this key.
const TASK = "tandem/task";
const TASKS = { true: "optional", false: "forbidden", forbidden: "forbidden", optional: "optional", required: "required" };

/** One tool. It only helps TypeScript to infer; `plugin` checks it. */
export const tool = (declaration) => declaration;
/** One resource, or a family of them. */
export const resource = (declaration) => declaration;
/** One prompt. */
export const prompt = (declaration) => declaration;

export class Plugin {
  constructor({ tools = {}, resources = {}, prompts = {}, check }) {
    this.tools = new Map(Object.entries(tools).map(([name, declared]) => [name, describeTool(name, declared)]));
    this.resources = new Map(Object.entries(resources).map(([uri, declared]) => [uri, describeResource(uri, declared)]));
    this.prompts = new Map(Object.entries(prompts).map(([name, declared]) => [name, describePrompt(name, declared)]));
    this.check = check ?? (() => {});
  }

  /** Calls a tool with a JSON text. */
  call(ctx, name, json) {
    const found = this.tools.get(name);
    if (!found) throw ToolError.notFound(`this plugin has no tool \`${name}\``);
    let parsed;
    try {
      parsed = json ? JSON.parse(json) : {};
    } catch (error) {
      throw ToolError.invalidArguments(`the arguments are no JSON: ${error.message}`);
    }
    return found.answer(settled(found.handler(loaded(found.input, parsed), ctx), name));
  }

  /** Reads a resource, or one of a family. */
  read(ctx, uri) {
    const exact = this.resources.get(uri);
    if (exact && !exact.pattern) return one(uri, exact, settled(exact.read({}, ctx, uri), uri));
    for (const family of this.resources.values()) {
      const groups = family.pattern?.exec(uri)?.groups;
      if (!groups) continue;
      let variables;
      try {
        variables = Object.fromEntries(Object.entries(groups).map(([key, value]) => [key, decodeURIComponent(value)]));
      } catch {
        continue; // no UTF-8: not of the family
      }
      return one(uri, family, settled(family.read(variables, ctx, uri), uri));
    }
    throw ToolError.notFound(`this plugin has no resource \`${uri}\``);
  }

  /** Fills a prompt in. `given` is an object of strings. */
  getPrompt(ctx, name, given) {
    const found = this.prompts.get(name);
    if (!found) throw ToolError.notFound(`this plugin has no prompt \`${name}\``);
    for (const key of Object.keys(given)) {
      if (!found.arguments.some((argument) => argument.name === key)) {
        throw ToolError.invalidArguments(`/${key}: there is no such argument`);
      }
    }
    for (const { name: key, required } of found.arguments) {
      if (required && given[key] === undefined) throw ToolError.invalidArguments(`/${key}: it is missing`);
    }
    const made = settled(found.handler(given, ctx), name);
    const messages = [made].flat().map((message) => (typeof message === "string" || message.tag ? user(message) : message));
    return { description: found.description, messages };
  }

  /** Completes an argument of a prompt or a variable of a family; one that nobody completes has no candidates. */
  complete(ctx, { kind, of, argument, value, given }) {
    const found = (kind === "prompt" ? this.prompts : this.resources).get(of)?.complete?.[argument];
    const values = found ? [...settled(found(value, given, ctx), argument)].map(String) : [];
    return { values: values.slice(0, MAX_COMPLETIONS), total: values.length, hasMore: values.length > MAX_COMPLETIONS };
  }
}

/** The plugin of a module: its default export. */
export function plugin(declaration) {
  return new Plugin(declaration);
}

function describeTool(name, declared) {
  const wrong = (why) => new TypeError(`tool \`${name}\`: ${why}`);
  if (!NAME.test(name)) throw wrong("a name has up to 64 letters, digits, `_`, `.` and `-`");
  if (!declared.description) throw wrong("it needs a description: it is what a model reads");
  if (typeof declared.handler !== "function") throw wrong("it needs a handler");
  if (declared.handler.constructor.name === "AsyncFunction") throw wrong("its handler is async; host functions wait by themselves");
  const known = [
    "title", "description", "input", "output", "handler", "readOnly", "destructive", "idempotent", "openWorld", "task", "meta",
  ];
  const odd = Object.keys(declared).find((key) => !known.includes(key));
  if (odd) throw wrong(`\`${odd}\` is unknown; known are ${known.join(", ")}`);
  let { meta } = declared;
  if (declared.task !== undefined) {
    const said = Object.hasOwn(TASKS, declared.task) ? TASKS[declared.task] : undefined;
    if (!said) throw wrong("`task` is true, false, \"forbidden\", \"optional\" or \"required\"");
    meta = { ...meta, [TASK]: said };
  }
  let input;
  let output;
  try {
    input = declared.input instanceof Schema ? declared.input : object(declared.input ?? {});
    if (declared.output instanceof Schema) output = declared.output;
    else if (declared.output) output = object(declared.output, { closed: false });
  } catch (error) {
    throw wrong(error.message);
  }
  const wrapped = output && output.json.type !== "object";
  const outputSchema = wrapped ? { type: "object", properties: { result: output.json }, required: ["result"] } : output?.json;
  const answer = (made) => {
    if (made instanceof ToolOutput) return made;
    if (output) return new ToolOutput([], wrapped ? { result: made } : made);
    const found = blocks(made);
    if (!found) throw new TypeError(`the tool \`${name}\` answered what is no content; declare its \`output\``);
    return new ToolOutput(found);
  };
  return { ...declared, meta, input, output, inputSchema: input.json, outputSchema, answer };
}

function describeResource(uri, declared) {
  if (typeof declared.read !== "function") throw new TypeError(`resource \`${uri}\`: it needs \`read\``);
  if (!declared.name) throw new TypeError(`resource \`${uri}\`: it needs a name`);
  if (!/\{\w+\}/.test(uri)) return declared;
  // A variable is what a level 1 expansion of RFC 6570 can give: not empty, without a reserved character.
  const source = uri.replace(/\{(\w+)\}|[.*+?^$()|[\]\\{}]/g, (found, name) =>
    name ? `(?<${name}>(?:[A-Za-z0-9._~-]|[^\\x00-\\x7f]|%[0-9A-Fa-f]{2})+)` : `\\${found}`,
  );
  return { ...declared, pattern: new RegExp(`^${source}$`, "u") };
}

function describePrompt(name, declared) {
  if (typeof declared.handler !== "function") throw new TypeError(`prompt \`${name}\`: it needs a handler`);
  const given = Object.entries(declared.arguments ?? {}).map(([key, value]) => {
    const { description = null, required = true } = typeof value === "string" ? { description: value } : value;
    return { name: key, description, required };
  });
  return { ...declared, description: declared.description ?? null, arguments: given };
}

function loaded(schema, value) {
  try {
    return schema.load(value);
  } catch (error) {
    throw error instanceof Mismatch ? ToolError.invalidArguments(error.message) : error;
  }
}

function settled(made, name) {
  if (typeof made?.then === "function") {
    throw new TypeError(`\`${name}\` answered a promise; host functions wait by themselves, so none is needed`);
  }
  return made;
}

function one(uri, declared, made) {
  if (typeof made === "string" || made instanceof Uint8Array) return [contents(uri, made, declared.mimeType ?? null)];
  return [made].flat();
}
