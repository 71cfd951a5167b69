// Serves a plugin to the host: the contract's exports.

import { ToolOutput, blocks } from "./content.js";
import { Ctx } from "./ctx.js";
import { ToolError } from "./errors.js";
import { log } from "./services.js";

const KINDS = new Set(["invalid-arguments", "not-found", "denied", "unavailable", "missing-capability"]);

const output = ({ content, structured }) => ({ content, structured: structured === undefined ? null : JSON.stringify(structured) });

function toolError(thrown, what) {
  if (!(thrown instanceof ToolError)) {
    // The author's mistake: the client gets the text, the operator the place.
    log.error({ in: what, error: String(thrown), stack: thrown?.stack });
    return { tag: "other", val: String(thrown) };
  }
  if (thrown.kind === "cancelled") return { tag: "cancelled" };
  if (thrown.kind === "failed") {
    const made = thrown.output;
    const found = made instanceof ToolOutput ? undefined : blocks(made);
    return { tag: "failed", val: output(found ? new ToolOutput(found) : made instanceof ToolOutput ? made : new ToolOutput([], made)) };
  }
  return { tag: KINDS.has(thrown.kind) ? thrown.kind : "other", val: thrown.message };
}

function served(call, what, serve) {
  try {
    return serve(new Ctx(call));
  } catch (thrown) {
    throw toolError(thrown, what);
  } finally {
    call[Symbol.dispose]?.();
  }
}

function texts(json) {
  let given;
  try {
    given = json ? JSON.parse(json) : {};
  } catch (error) {
    throw ToolError.invalidArguments(`the arguments are no JSON: ${error.message}`);
  }
  if (given === null || typeof given !== "object" || Object.values(given).some((text) => typeof text !== "string")) {
    throw ToolError.invalidArguments("the arguments are not an object of strings");
  }
  return given;
}

/** The exports of a component that serves `plugin`. */
export function serve(plugin) {
  if (typeof plugin?.getPrompt !== "function") throw new TypeError("the module's default export is not a plugin: `export default plugin({…})`");
  const listed = ({ name, title = null, description = null, mimeType = null }) => ({ name, title, description, mimeType });
  const resources = [...plugin.resources];
  return {
    tools: {
      describe: () =>
        [...plugin.tools].map(([name, tool]) => ({
          name,
          title: tool.title ?? null,
          description: tool.description,
          inputSchema: JSON.stringify(tool.inputSchema),
          outputSchema: tool.outputSchema ? JSON.stringify(tool.outputSchema) : null,
          annotations: {
            readOnly: !!tool.readOnly,
            destructive: !!tool.destructive,
            idempotent: !!tool.idempotent,
            openWorld: !!tool.openWorld,
          },
          meta: tool.meta ? JSON.stringify(tool.meta) : null,
        })),
      call: (ctx, name, json) => served(ctx, name, (call) => output(plugin.call(call, name, json))),
    },
    resources: {
      describe: () => resources.filter(([, r]) => !r.pattern).map(([uri, r]) => ({ uri, ...listed(r) })),
      describeTemplates: () => resources.filter(([, r]) => r.pattern).map(([uriTemplate, r]) => ({ uriTemplate, ...listed(r) })),
      read: (ctx, uri) => served(ctx, uri, (call) => plugin.read(call, uri)),
    },
    prompts: {
      describe: () =>
        [...plugin.prompts].map(([name, prompt]) => ({
          name,
          title: prompt.title ?? null,
          description: prompt.description,
          arguments: prompt.arguments,
        })),
      get: (ctx, name, json) => served(ctx, name, (call) => plugin.getPrompt(call, name, texts(json))),
      complete: (ctx, reference, argument, value, json) =>
        served(ctx, argument, (call) =>
          plugin.complete(call, { kind: reference.tag, of: reference.val, argument, value, given: texts(json) }),
        ),
    },
    lifecycle: {
      check() {
        try {
          plugin.check();
        } catch (thrown) {
          throw thrown instanceof ToolError ? thrown.message : String(thrown);
        }
      },
    },
  };
}
