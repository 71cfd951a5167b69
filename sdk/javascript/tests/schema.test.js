// Declarations as schemas, and values read by them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { s } from "../src/index.js";
import { Mismatch } from "../src/schema.js";
import { decode, encode } from "../src/utf8.js";

const point = s.object({ x: s.number().describe("To the right."), y: s.number().default(0) }).describe("A place.");
const drawing = s.object({
  name: s.string(),
  points: s.array(point),
  color: s.enum(["red", "blue"]).default("red"),
  depth: s.integer({ min: 0 }).nullable().optional(),
});

test("an object is written out in place", () => {
  assert.deepEqual(drawing.json, {
    type: "object",
    properties: {
      name: { type: "string" },
      points: {
        type: "array",
        items: {
          type: "object",
          description: "A place.",
          properties: { x: { type: "number", description: "To the right." }, y: { type: "number", default: 0 } },
          required: ["x"],
          additionalProperties: false,
        },
      },
      color: { type: "string", enum: ["red", "blue"], default: "red" },
      depth: { type: ["integer", "null"], minimum: 0 },
    },
    required: ["name", "points"],
    additionalProperties: false,
  });
});

test("other declarations", () => {
  for (const [schema, json] of [
    [s.any(), {}],
    [s.any().nullable(), {}],
    [s.record(s.integer()), { type: "object", additionalProperties: { type: "integer" } }],
    [s.enum(["a", 1]).nullable(), { type: ["string", "number", "null"], enum: ["a", 1, null] }],
    [s.union(s.string(), s.boolean()).nullable(), { anyOf: [{ anyOf: [{ type: "string" }, { type: "boolean" }] }, { type: "null" }] }],
    [s.string({ pattern: /^a/, header: "Name" }), { type: "string", pattern: "^a", "x-mcp-header": "Name" }],
    [s.array(s.any(), { maxItems: 2 }), { type: "array", maxItems: 2 }],
  ]) {
    assert.deepEqual(schema.json, json);
  }
});

test("values are read, with defaults", () => {
  assert.deepEqual(drawing.load({ name: "a", points: [{ x: 1 }], depth: null }), {
    name: "a",
    points: [{ x: 1, y: 0 }],
    color: "red",
    depth: null,
  });
  const list = s.object({ of: s.array(s.string()).default([]) });
  list.load({}).of.push("x");
  assert.deepEqual(list.load({}), { of: [] }, "a default is not shared");
  const odd = s.record(s.integer()).load(JSON.parse('{"__proto__": 1}'));
  assert.deepEqual(Object.entries(odd), [["__proto__", 1]]);
});

test("what does not fit is pointed at", () => {
  const whole = { name: "a", points: [{ x: 1 }] };
  for (const [schema, value, message] of [
    [drawing, { ...whole, points: [{ x: 1 }, { x: "1" }] }, "/points/1/x: expected a number, not a string"],
    [drawing, { points: [] }, "/name: it is missing"],
    [drawing, { ...whole, "a/b": 1 }, "/a~1b: there is no such property; known are name, points, color, depth"],
    [drawing, { ...whole, color: "green" }, '/color: expected one of "red", "blue"'],
    [drawing, { ...whole, depth: 1.5 }, "/depth: expected an integer, not 1.5"],
    [drawing, { ...whole, depth: -1 }, "/depth: -1 is less than 0"],
    [drawing, [], "expected an object, not an array"],
    [s.string({ maxLength: 1 }), "😀😀", "expected at most 1 characters, not 2"],
    [s.string({ pattern: "^a" }), "b", "does not match ^a"],
    [s.boolean(), 1, "expected a boolean, not a number"],
    [s.union(s.integer(), s.boolean()), "a", "fits none of the alternatives: expected an integer, not a string; expected a boolean, not a string"],
  ]) {
    assert.throws(() => schema.load(value), (error) => error instanceof Mismatch && error.message === message, message);
  }
  s.string({ maxLength: 1 }).load("😀");
  assert.throws(() => s.integer().default("x"), /expected an integer/);
});

test("UTF-8 without the engine's help is the engine's", () => {
  const [encoder, decoder] = [globalThis.TextEncoder, globalThis.TextDecoder];
  const texts = ["", "abc", "zażółć 😀 \u0000", "\ud800x"];
  const odd = [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x28, 0xa1]];
  try {
    for (const text of texts) {
      const expected = new encoder().encode(text);
      delete globalThis.TextEncoder;
      assert.deepEqual(encode(text), expected);
    }
    for (const bytes of [...odd, ...texts.map((text) => [...new encoder().encode(text)])]) {
      const expected = new decoder().decode(Uint8Array.from(bytes));
      delete globalThis.TextDecoder;
      assert.equal(decode(Uint8Array.from(bytes)), expected, bytes.join());
    }
  } finally {
    Object.assign(globalThis, { TextEncoder: encoder, TextDecoder: decoder });
  }
});
