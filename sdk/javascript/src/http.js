// Outgoing HTTP: several requests at a time, and bodies that are sent while they are made.

import { sendAll } from "#http";

import { ToolError } from "./errors.js";
import { decode, encode } from "./utf8.js";

// Bytes of an answer that are kept, unless `maxBytes` says otherwise.
const MAX_BYTES = 8 << 20;
const bytes = (value) => (typeof value === "string" ? encode(value) : value);

class Response {
  constructor({ status, headers = {}, body = new Uint8Array() }) {
    this.status = status;
    this.headers = headers;
    this.body = bytes(body);
  }
  get text() {
    return decode(this.body);
  }
  json() {
    try {
      return JSON.parse(this.text);
    } catch (error) {
      throw ToolError.other(`the answer is not JSON: ${error.message}`);
    }
  }
  /** The answer itself, if its status says success; else throws. */
  ok() {
    if (this.status < 400) return this;
    const kind = this.status === 429 || this.status >= 500 ? "unavailable" : "other";
    throw new ToolError(kind, `the server answered with status ${this.status}`);
  }
}

// `encodeURIComponent` leaves some marks that are no part of a value elsewhere.
const encoded = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

function withQuery(url, query) {
  const added = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
  if (added === "") return url;
  const [, before, fragment] = /^([^#]*)(.*)$/s.exec(url);
  const joint = !before.includes("?") ? "?" : /[?&]$/.test(before) ? "" : "&";
  return `${before}${joint}${added}${fragment}`;
}

function* partsOf(body) {
  for (const part of typeof body === "string" || ArrayBuffer.isView(body) ? [body] : body) yield bytes(part);
}

/** A request as it goes out: its body is an iterator of parts. */
function sent({ method = "GET", url, headers = {}, body = "", json, query = {}, maxBytes = MAX_BYTES, timeout }) {
  const named = { ...headers };
  if (json !== undefined && !Object.keys(named).some((name) => name.toLowerCase() === "content-type")) {
    named["content-type"] = "application/json";
  }
  const parts = partsOf(json === undefined ? body : JSON.stringify(json));
  return { method: method.toUpperCase(), url: withQuery(url, query), headers: named, parts, maxBytes, timeout };
}

/** Outgoing HTTP, to the hosts that the manifest requests and the operator grants. */
export const http = {
  /** Sends requests, up to eight at a time, and waits for all answers: in their order, each an answer or its `ToolError`. */
  sendAll: (requests) => sendAll(Array.from(requests, sent)).map((made) => (made instanceof ToolError ? made : new Response(made))),
  request(method, url, options = {}) {
    const [made] = http.sendAll([{ ...options, method, url }]);
    if (made instanceof ToolError) throw made;
    return made;
  },
  get: (url, options) => http.request("GET", url, options),
  post: (url, options) => http.request("POST", url, options),
};
