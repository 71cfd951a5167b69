// http through wasi:http 0.2, for components whose manifest requests it. The build turns `w4si:` into `wasi:`, see bin/tandem-sdk.js.

import handler from "w4si:http/outgoing-handler@0.2.9";
import types from "w4si:http/types@0.2.9";

import { ToolError } from "../errors.js";
import { decode, encode } from "../utf8.js";

// Bytes that wasi:io takes in one write, and that are asked for in one read.
const WRITE = 4096;
const READ = 65536;
const URL = /^(https?):\/\/([^/?#]+)([^?#]*)(\?[^#]*)?/i;
const METHODS = new Set(["get", "head", "post", "put", "delete", "options", "patch"]);
const DENIED = new Set(["HTTP-request-denied", "destination-IP-prohibited"]);

const dispose = (resource) => resource?.[Symbol.dispose]?.();
const payload = (thrown) => thrown?.payload ?? thrown;

function failed(code) {
  const tag = code?.tag ?? "failed";
  if (DENIED.has(tag)) return ToolError.denied(`http: ${tag}: no grant covers this host, port, method and path`);
  const detail = code?.val === undefined || code.val === null ? "" : `: ${typeof code.val === "string" ? code.val : JSON.stringify(code.val)}`;
  const transient = /^(DNS|connection|destination)|timeout$/.test(tag);
  return new ToolError(transient ? "unavailable" : "other", `http: ${tag}${detail}`);
}

function write(body, content) {
  const stream = body.write();
  for (let start = 0; start < content.length; start += WRITE) {
    stream.blockingWriteAndFlush(content.subarray(start, start + WRITE));
  }
  dispose(stream);
  types.OutgoingBody.finish(body, null);
}

function read(response, maxBytes) {
  const body = response.consume();
  const stream = body.stream();
  const parts = [];
  let size = 0;
  try {
    for (;;) {
      const part = stream.blockingRead(READ);
      size += part.length;
      if (size > maxBytes) throw ToolError.other(`http: the answer is larger than ${maxBytes} bytes`);
      parts.push(part);
    }
  } catch (thrown) {
    if (thrown instanceof ToolError) throw thrown;
    if (payload(thrown)?.tag !== "closed") throw ToolError.unavailable("http: the answer broke off");
  } finally {
    dispose(stream);
    dispose(body);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function send({ method, url, headers, body, maxBytes }) {
  const parts = URL.exec(url);
  if (!parts) throw ToolError.other(`\`${url}\` is no http or https URL`);
  const [, scheme, authority, path, query = ""] = parts;
  let request;
  try {
    const fields = types.Fields.fromList(Object.entries(headers).map(([name, value]) => [name, encode(String(value))]));
    request = new types.OutgoingRequest(fields);
    const known = method.toLowerCase();
    request.setMethod(METHODS.has(known) ? { tag: known } : { tag: "other", val: method });
    request.setScheme({ tag: scheme.toUpperCase() });
    request.setAuthority(authority);
    request.setPathWithQuery(`${path || "/"}${query}`);
  } catch (thrown) {
    if (thrown instanceof TypeError) throw thrown;
    throw ToolError.other(`http: \`${method} ${url}\` or one of its headers is malformed or forbidden`);
  }
  const outgoing = request.body();
  let coming;
  try {
    coming = handler.handle(request, null);
    write(outgoing, body);
  } catch (thrown) {
    throw failed(payload(thrown));
  }
  const ready = coming.subscribe();
  ready.block();
  dispose(ready);
  const answer = coming.get();
  dispose(coming);
  // option<result<result<response, code>>>
  const inner = answer?.val?.tag === undefined ? answer : answer.val;
  if (inner?.tag !== "ok") throw failed(inner?.val);
  const response = inner.val;
  const status = response.status();
  const fields = response.headers();
  const got = Object.fromEntries(fields.entries().map(([name, value]) => [name.toLowerCase(), decode(Uint8Array.from(value))]));
  dispose(fields);
  const content = read(response, maxBytes);
  dispose(response);
  return { status, headers: got, body: content };
}
