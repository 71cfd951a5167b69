#!/usr/bin/env node
// `tandem-sdk build [PROJECT] [-o FILE]`: turns a project into a component, with esbuild and componentize-qjs (QuickJS).
//
// A project is a directory with `plugin.toml` and `plugin.js` or `plugin.ts`, whose default export is the plugin. What it imports goes
// into the component; Node's own modules are not there.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { requestsHttp } from "./manifest.js";

const USAGE = "usage: tandem-sdk build [PROJECT] [-o FILE]";
const SDK = fileURLToPath(new URL("..", import.meta.url));

// While the snapshot is taken, componentize-qjs links its own wasi:io and cannot put a stub of wasi:http beside it. So the build works with
// a stand-in of the same length, which becomes `wasi:` in the finished component.
const STAND_IN = "w4si:";
const HTTP_FILES = ["http-plugin.wit", "deps/wasi-clocks/clocks.wit", "deps/wasi-io/io.wit", "deps/wasi-http/http.wit"];

class BuildError extends Error {}

/** One of the build's packages: the SDK's own, the project's, or from `.tools` beside it. */
async function load(name, project) {
  const require = createRequire(import.meta.url);
  try {
    const found = require.resolve(name, { paths: [SDK, project, join(project, ".tools")] });
    return await import(pathToFileURL(found).href);
  } catch (error) {
    throw new BuildError(`${name} is missing or broken (${error.message.split("\n")[0]}): sh build.sh installs it`);
  }
}

/** Lays the contract out for one build: from inside the package, or from beside the SDKs in a source tree. */
function contract(into, http) {
  for (const [wit, client] of [["wit", "http-client"], ["../../wit", "../http-client"]]) {
    if (!existsSync(join(SDK, wit, "worlds.wit"))) continue;
    cpSync(join(SDK, wit), into, { recursive: true, filter: (path) => !path.endsWith("FROZEN") });
    if (http) {
      cpSync(join(SDK, client), into, { recursive: true });
      for (const file of HTTP_FILES) {
        const path = join(into, file);
        writeFileSync(path, readFileSync(path, "utf8").replaceAll("wasi:", STAND_IN));
      }
    }
    return http ? "http-plugin" : "plugin";
  }
  throw new BuildError(`the contract (wit) is not in ${SDK}: run \`tandem plugin sdk --link\``);
}

/** What `read` makes of a manifest; what is wrong with it is the author's to mend. */
function reads(manifest, read) {
  try {
    return read(readFileSync(manifest, "utf8"));
  } catch (error) {
    throw new BuildError(`${manifest}: ${error.message}`);
  }
}

async function build(project, output) {
  const manifest = join(project, "plugin.toml");
  if (!existsSync(manifest)) throw new BuildError(`${manifest} is missing: it names the plugin and what it requests`);
  const entry = ["plugin.ts", "plugin.js", "plugin.mjs"].map((name) => join(project, name)).find(existsSync);
  if (!entry) throw new BuildError(`${join(project, "plugin.js")} is missing: it declares the tools`);
  const { parse } = await load("smol-toml", project);
  const http = reads(manifest, (text) => requestsHttp(text, parse));
  const esbuild = await load("esbuild", project);
  const { componentize } = await load("componentize-qjs", project);
  const bundled = await esbuild.build({
    stdin: {
      contents: `import plugin from ${JSON.stringify(entry)};\nimport { serve } from "@tandem/sdk/guest";
export const { tools, resources, prompts, lifecycle } = serve(plugin);\n`,
      resolveDir: project,
    },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["tandem-component", ...(http ? ["tandem-http"] : [])],
    // The project's SDK is this one, wherever it was installed.
    alias: { "@tandem/sdk/guest": join(SDK, "src/guest.js"), "@tandem/sdk": join(SDK, "src/index.js") },
    external: ["tandem:*", `${STAND_IN}*`],
    logLevel: "info",
    legalComments: "none",
  }).catch((error) => {
    throw new BuildError(`esbuild failed: ${error.errors?.length ? "what it printed says why" : error.message}`);
  });
  const scratch = mkdtempSync(join(tmpdir(), "tandem-sdk-"));
  try {
    const wit = join(scratch, "wit");
    const world = contract(wit, http);
    const { component } = await componentize({ witPath: wit, world, jsSource: bundled.outputFiles[0].text, sync: true });
    if (http) {
      for (let at = component.indexOf(STAND_IN); at >= 0; at = component.indexOf(STAND_IN, at)) component.write("wasi:", at);
    }
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, component);
  } catch (error) {
    throw error instanceof BuildError ? error : new BuildError(`componentize-qjs failed: ${error.message}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { output: { type: "string", short: "o" } } });
  const [command, project = ".", more] = positionals;
  if (command !== "build" || more) throw new BuildError(USAGE);
  await build(resolve(project), resolve(values.output ?? join(project, "build/plugin.wasm")));
} catch (error) {
  if (!(error instanceof BuildError) && error.code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION") throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
