// What a build reads of a manifest.
import assert from "node:assert/strict";
import { test } from "node:test";

import { parse } from "smol-toml";

import { requestsHttp } from "../bin/manifest.js";

test("http is requested however the manifest spells it", () => {
  for (const manifest of [
    '[request]\nhttp = [{ host = "api.example.com" }]',
    '[request]\nsecrets = ["token"]\nhttp = [{ host = "api.example.com" }]',
    '[request]\nenv = ["LANG"]\nfs = [{ name = "data", mode = "read-only" }]\nhttp = [\n  # the service\n  "api.example.com",\n]',
    'request.http = [{ host = "api.example.com" }]',
    'request = { kv = true, http = [{ host = "api.example.com" }] }',
    '[[request.http]]\nhost = "api.example.com"',
    '[request]\nkv = { reason = "[a] # b" }\n"http" = [{ host = "api.example.com" }]\n[limits]\nmemory = "64MiB"',
  ]) {
    assert.equal(requestsHttp(manifest, parse), true, manifest);
  }
});

test("http is not requested where only the word stands", () => {
  for (const manifest of [
    "",
    "[request]\nhttp = []",
    '[request]\nsecrets = ["token"]\n# http = [{ host = "api.example.com" }]',
    '[request]\nsecrets = ["token"]\n[other]\nhttp = [{ host = "api.example.com" }]',
    '[plugin]\ndescription = """\n[request]\nhttp = [{ host = "api.example.com" }]\n"""',
  ]) {
    assert.equal(requestsHttp(manifest, parse), false, manifest);
  }
  assert.throws(() => requestsHttp("[request\n", parse), /toml/i);
});
