// node build.mjs MODULES OUTPUT: makes the component with the componentize-qjs of MODULES, a node_modules directory.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [modules, output] = process.argv.slice(2);
const found = createRequire(join(resolve(modules), "x.js")).resolve("componentize-qjs");
const { componentize } = await import(pathToFileURL(found).href);
const jsSource = readFileSync(join(here, "plugin.js"), "utf8");
const { component } = await componentize({ witPath: join(here, "wit"), world: "stranger", jsSource, sync: true });
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, component);
