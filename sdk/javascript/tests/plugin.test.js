// Declared entries, called as a host calls them.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import {
  ToolError, ToolOutput, assistant, cache, client, config, http, image, invoke, kv, log, plugin, prompt, resource, s, secrets, text, tool,
} from "../src/index.js";
import { serve } from "../src/guest.js";
import * as testing from "../src/testing.js";

beforeEach(() => testing.reset());
const refused = (kind, message) => (error) => error instanceof ToolError && error.kind === kind && (message === undefined || error.message === message);
const one = (declared) => plugin({ tools: { one: tool({ description: "Does.", ...declared }) } });

test("a declaration is a tool", () => {
  const words = one({
    title: "Weigh",
    readOnly: true,
    input: { word: s.string({ maxLength: 5 }).describe("The word."), twice: s.boolean().default(false) },
    output: { letters: s.integer() },
    handler: ({ word, twice }) => ({ letters: word.length * (twice ? 2 : 1) }),
  });
  const [described] = serve(words).tools.describe();
  assert.deepEqual(described.annotations, { readOnly: true, destructive: false, idempotent: false, openWorld: false });
  assert.deepEqual(JSON.parse(described.outputSchema), { type: "object", properties: { letters: { type: "integer" } }, required: ["letters"] });
  assert.equal(JSON.parse(described.inputSchema).additionalProperties, false);
  assert.deepEqual(testing.call(words, "one", { word: "abc", twice: true }).structured, { letters: 6 });
  assert.throws(
    () => testing.call(words, "one", { word: "abcdef" }),
    refused("invalid-arguments", "/word: expected at most 5 characters, not 6"),
  );
  assert.throws(() => testing.call(words, "two"), refused("not-found"));
});

test("results", () => {
  for (const [output, made, expected] of [
    [undefined, "text", [1, undefined]],
    [undefined, undefined, [0, undefined]],
    [undefined, image([1], "image/png"), [1, undefined]],
    [undefined, [text("a"), text("b")], [2, undefined]],
    [s.integer(), 1, [0, { result: 1 }]],
    [s.array(s.integer()), [1], [0, { result: [1] }]],
    [s.object({ a: s.integer() }), { a: 1 }, [0, { a: 1 }]],
    [undefined, new ToolOutput([], { a: 1 }), [0, { a: 1 }]],
  ]) {
    const answer = testing.call(one({ output, handler: () => made }), "one");
    assert.deepEqual([answer.content.length, answer.structured], expected);
  }
  assert.throws(() => testing.call(one({ output: { a: s.integer() }, handler: () => ({ a: "x" }) }), "one"), /does not fit its output: \/a/);
  assert.throws(() => testing.call(one({ handler: () => ({ a: 1 }) }), "one"), /declare its `output`/);
  assert.throws(() => testing.call(one({ handler: () => Promise.resolve("x") }), "one"), /answered a promise/);
});

test("what is wrong is said when it is declared", () => {
  const handler = () => {};
  for (const [declared, why] of [
    [{ description: "", handler }, /`one`: it needs a description/],
    [{ handler: undefined }, /needs a handler/],
    [{ handler: async () => {} }, /async/],
    [{ handler, readonly: true }, /`readonly` is unknown; known are .*readOnly/],
    [{ handler, input: { a: "string" } }, /`a` is no schema/],
    [{ handler, task: "maybe" }, /`task` is true, false, .* or "required"/],
    [{ handler, task: "constructor" }, /`task` is true/],
  ]) {
    assert.throws(() => one(declared), why);
  }
  assert.throws(() => plugin({ tools: { "one two": { description: "x", handler } } }), /up to 64/);
  assert.throws(() => serve({}), /is not a plugin/);
});

test("a tool says whether its calls become tasks", () => {
  const handler = () => {};
  const meta = (declared) => JSON.parse(serve(one({ handler, ...declared })).tools.describe()[0].meta);
  for (const [task, said] of [[true, "optional"], [false, "forbidden"], ["optional", "optional"], ["required", "required"]]) {
    assert.deepEqual(meta({ task }), { "tandem/task": said });
  }
  assert.deepEqual(meta({ task: true, meta: { "vendor/key": 1 } }), { "vendor/key": 1, "tandem/task": "optional" });
  assert.equal(meta({}), null);
});

test("the context", () => {
  const count = one({
    input: { to: s.integer() },
    handler({ to }, ctx) {
      for (let n = 1; n <= to; n++) {
        ctx.check();
        ctx.progress(n, to, "on");
      }
      return `${ctx.principal.tenant} ${ctx.id} ${ctx.remaining() > 1} ${ctx.kv === kv}`;
    },
  });
  assert.equal(testing.call(count, "one", { to: 2 }).text, "default local true true");
  assert.deepEqual(testing.state.progress, [[1, 2, "on"], [2, 2, "on"]]);
  testing.state.cancelled = true;
  assert.throws(() => testing.call(count, "one", { to: 2 }), refused("cancelled"));
});

const library = plugin({
  tools: {},
  resources: {
    "lib://help": resource({ name: "help", mimeType: "text/plain", read: () => "ask" }),
    "lib://{shelf}/{number}": resource({ name: "book", read: ({ shelf, number }) => Uint8Array.of(shelf.length, Number(number)) }),
  },
  prompts: {
    ask: prompt({
      description: "Asks.",
      arguments: { topic: "About what.", words: { required: false } },
      handler: ({ topic, words = "10" }) => [`${topic} in ${words}`, assistant("Well.")],
      complete: { topic: (value) => Array.from({ length: 101 }, (_, n) => value + n) },
    }),
  },
});

test("resources", () => {
  assert.deepEqual(testing.read(library, "lib://help"), [{ uri: "lib://help", mimeType: "text/plain", body: { tag: "text", val: "ask" } }]);
  assert.deepEqual([...testing.read(library, "lib://a%20b/7")[0].body.val], [3, 7]);
  for (const uri of ["lib://a/b/c", "lib://a", "lib:///7", "lib://%ff/7", "libx//help"]) {
    assert.throws(() => testing.read(library, uri), refused("not-found"), uri);
  }
  const { resources } = serve(library);
  assert.deepEqual(resources.describe().map((r) => r.uri), ["lib://help"]);
  assert.deepEqual(resources.describeTemplates().map((r) => r.uriTemplate), ["lib://{shelf}/{number}"]);
});

test("prompts and completions", () => {
  const made = testing.prompt(library, "ask", { topic: "rain", words: "5" });
  assert.deepEqual(made.messages.map((m) => [m.role, m.content.val]), [["user", "rain in 5"], ["assistant", "Well."]]);
  assert.throws(() => testing.prompt(library, "ask"), refused("invalid-arguments", "/topic: it is missing"));
  assert.throws(() => testing.prompt(library, "ask", { topic: "a", more: "b" }), refused("invalid-arguments", "/more: there is no such argument"));
  const found = testing.complete(library, { prompt: "ask", argument: "topic", value: "a" });
  assert.deepEqual([found.values.length, found.total, found.hasMore], [100, 101, true]);
  assert.deepEqual(testing.complete(library, { prompt: "ask", argument: "words" }).values, []);
});

test("stores", () => {
  kv.setMany({ "a/1": "x", "a/2": Uint8Array.of(255), b: "zażółć" });
  assert.deepEqual([kv.keys("a/"), [...kv.get("a/2")], kv.getText("b"), kv.delete("b"), kv.get("b")], [["a/1", "a/2"], [255], "zażółć", true, undefined]);
  assert.deepEqual([kv.compareAndSet("c", undefined, "1"), kv.compareAndSet("c", undefined, "2"), kv.compareAndSet("c", "1", "3")], [true, false, true]);
  kv.setJson("d", { n: 1 });
  assert.deepEqual([kv.getJson("d"), kv.getJson("e", [])], [{ n: 1 }, []]);
  const page = kv.listKeys("", { limit: 2 });
  assert.deepEqual([page.keys, kv.listKeys("", { limit: 2, after: page.next }).keys], [["a/1", "a/2"], ["c", "d"]]);
  let made = 0;
  for (let n = 0; n < 2; n++) assert.equal(cache.getOrSet("k", () => ++made), 1);
});

test("refusals keep their kind", () => {
  testing.state.denied.add("kv").add("invoke");
  for (const [call, kind, reason] of [
    [() => kv.get("a"), "denied", "denied"],
    [() => invoke.call("x"), "denied", "denied"],
    [() => secrets.placeholder("x"), "denied", "denied"],
    [() => http.get("https://a.example"), "denied", "http-request-denied"],
    [() => client.sample("k", "hi"), "missing-capability", "unsupported"],
    [() => config.require("x"), "other", undefined],
  ]) {
    assert.throws(call, (error) => error instanceof ToolError && error.kind === kind && error.reason === reason);
  }
  testing.reset();
  assert.throws(() => kv.set("", "x"), (error) => error.kind === "other" && error.reason === "too-large" && /^kv: too large/.test(error.message));
});

test("the rest of the host", () => {
  testing.state.config.a = "1";
  assert.deepEqual([config.require("a"), config.get("b", "2"), config.all()], ["1", "2", { a: "1" }]);
  log.warning({ a: 1 });
  assert.deepEqual(testing.state.log, [["warning", null, '{"a":1}']]);
  testing.state.tools.other = ({ fail }) => ({ content: [{ type: "text", text: "no" }], isError: !!fail });
  assert.equal(invoke.call("other"), "no");
  assert.throws(() => invoke.call("other", { fail: true }), refused("other", "`other` failed: no"));
  testing.answerHttp(({ headers, body }) => ({ status: 503, headers, body }));
  let asked = "";
  testing.answerHttp(({ url }) => ((asked = url), { status: 200 }));
  http.get("https://a.example/?a=b#c", { query: { q: "New York&x='1'", n: 2 } });
  assert.equal(asked, "https://a.example/?a=b&q=New%20York%26x%3D%271%27&n=2#c");
  testing.answerHttp(({ headers, body }) => ({ status: 503, headers, body }));
  const answer = http.post("https://a.example", { json: { a: 1 } });
  assert.deepEqual([answer.json(), answer.headers["content-type"]], [{ a: 1 }, "application/json"]);
  assert.throws(() => answer.ok(), refused("unavailable"));
  Object.assign(testing.state.answers, { w: { action: "accept", content: { n: 3 } }, no: { action: "decline" }, s: { content: { text: "hi" } } });
  assert.deepEqual([client.elicit("w", "How many?", { n: s.integer() }), client.elicit("no", "?", {}), client.sample("s", "?")], [{ n: 3 }, undefined, "hi"]);
});

test("several requests, each with its own answer or error", () => {
  testing.answerHttp(({ url, body }) => {
    if (url.endsWith("/refused")) throw ToolError.unavailable("no");
    return { status: 200, body };
  });
  const parts = function* () {
    yield "bread ";
    yield new Uint8Array([0x26]);
    yield " butter";
  };
  const made = http.sendAll([
    { method: "POST", url: "https://a.example/", body: parts() },
    { url: "https://a.example/refused" },
    { method: "PUT", url: "https://a.example/", body: "much", maxBytes: 3 },
  ]);
  assert.equal(made[0].text, "bread & butter");
  assert.deepEqual(made.slice(1).map(({ kind, reason }) => [kind, reason]), [["unavailable", undefined], ["other", "too-large"]]);
  assert.throws(() => http.get("https://a.example/refused"), refused("unavailable", "no"));
  const broken = function* () {
    yield "bread";
    throw new RangeError("burnt");
  };
  assert.throws(() => http.post("https://a.example/", { body: broken() }), RangeError);
});

test("errors as the contract has them", () => {
  const thrower = (thrown) => () => {
    const component = serve(one({ handler: () => { throw thrown; } }));
    try {
      component.tools.call({ ...{ id: () => "" } }, "one", "{}");
    } catch (error) {
      return error;
    }
  };
  assert.deepEqual(thrower(ToolError.notFound("a"))(), { tag: "not-found", val: "a" });
  assert.deepEqual(thrower(ToolError.cancelled())(), { tag: "cancelled" });
  assert.deepEqual(thrower(ToolError.other("a"))(), { tag: "other", val: "a" });
  assert.deepEqual(thrower(ToolError.failed("why"))(), { tag: "failed", val: { content: [{ tag: "text", val: "why" }], structured: null } });
  assert.deepEqual(thrower(new RangeError("a"))(), { tag: "other", val: "RangeError: a" });
  assert.match(testing.state.log.at(-1)[2], /"in":"one".*RangeError/);
});
