// Write a Tandem plugin in one JavaScript or TypeScript file.

export { ToolOutput, assistant, audio, contents, embedded, image, link, text, user } from "./content.js";
export { ToolError } from "./errors.js";
export { plugin, prompt, resource, tool } from "./plugin.js";
export { Schema, s } from "./schema.js";
export { cache, client, config, events, http, invoke, kv, log, secrets } from "./services.js";
