// Puts the contract, which lies outside of the package in the source tree, into it before it is packed; `--remove` takes it out again.

import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
for (const [from, to] of [["../../../wit", "../wit"], ["../../http-client", "../http-client"]]) {
  rmSync(here(to), { recursive: true, force: true });
  if (!process.argv.includes("--remove")) cpSync(here(from), here(to), { recursive: true });
}
