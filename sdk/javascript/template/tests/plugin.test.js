// Calls the tools as a host does, without a sandbox: `npm test`.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import * as testing from "@tandem/sdk/testing";

import plugin from "../plugin.js";

beforeEach(testing.reset);

test("texts are counted", () => {
  const counted = testing.call(plugin, "{{tool}}_count", { text: "to weigh every word" });
  assert.deepEqual(counted.structured, { words: 4, letters: 16, longest: "weigh" });
  assert.throws(() => testing.call(plugin, "{{tool}}_count", { text: "   " }), /no words/);
});

test("texts are remembered", () => {
  testing.state.kv.set("total", new TextEncoder().encode("5"));
  const remembered = testing.call(plugin, "{{tool}}_remember", { texts: ["one", "two"] });
  assert.deepEqual(remembered.structured, { total: 7 });
});
