// Calls a plugin's entries as a host does, for its own tests, without building a component. What is stored, set and answered lives in
// this process; `reset` forgets it.

import { Ctx } from "./ctx.js";
import { answerWith } from "./host/http-none.js";
import * as local from "./host/local.js";
import { Mismatch } from "./schema.js";

/** What the local host knows, to look at and to fill: `kv`, `cache`, `config`, `log`, `progress`, `denied`, … */
export const state = local.state;

/** Forgets all of it. */
export function reset() {
  local.reset();
  answerWith(undefined);
}

/** A context of no call. */
export const ctx = () => new Ctx(local.call);

/** Answers http requests by a function of `{ method, url, headers, body }`. */
export const answerHttp = answerWith;

/** Calls a tool, its arguments checked as in a host, and its result checked against its `output`. What it throws comes out. */
export function call(plugin, tool, args = {}) {
  const made = plugin.call(ctx(), tool, JSON.stringify(args));
  const schema = plugin.tools.get(tool).output;
  if (schema && made.structured !== undefined) {
    // As a client gets it.
    made.structured = JSON.parse(JSON.stringify(made.structured));
    try {
      schema.load(schema.json.type === "object" ? made.structured : made.structured.result);
    } catch (error) {
      throw error instanceof Mismatch ? new TypeError(`the result of \`${tool}\` does not fit its output: ${error.message}`) : error;
    }
  }
  return made;
}

/** Reads a resource. */
export const read = (plugin, uri) => plugin.read(ctx(), uri);
/** Fills a prompt in. */
export const prompt = (plugin, name, given = {}) => plugin.getPrompt(ctx(), name, given);
/** Completes an argument of a prompt or a variable of a resource template. */
export const complete = (plugin, { prompt, template, argument, value = "", given = {} }) =>
  plugin.complete(ctx(), { kind: prompt ? "prompt" : "resource-template", of: prompt ?? template, argument, value, given });
