// http through wasi:http 0.2, for components whose manifest requests it. The build turns `w4si:` into `wasi:`, see bin/tandem-sdk.js.

import clock from "w4si:clocks/monotonic-clock@0.2.9";
import handler from "w4si:http/outgoing-handler@0.2.9";
import types from "w4si:http/types@0.2.9";
import poll from "w4si:io/poll@0.2.9";

import { ToolError, tooLarge } from "../errors.js";
import { decode, encode } from "../utf8.js";

// Bytes that are asked for in one read.
const READ = 65536;
// Requests that wait for their answers at a time: the host lets one call have 16 connections.
const AT_ONCE = 8;
const URL = /^(https?):\/\/([^/?#]+)([^?#]*)(\?[^#]*)?/i;
const METHODS = new Set(["get", "head", "post", "put", "delete", "options", "patch"]);
const DENIED = new Set(["http-request-denied", "destination-ip-prohibited"]);

// The runtime has 64-bit numbers as doubles: nanoseconds are exact for a hundred days, and near enough after them.
const now = () => Number(clock.now());
const dispose = (resource) => resource?.[Symbol.dispose]?.();
const payload = (thrown) => thrown?.payload ?? thrown;
const invalid = (message) => new ToolError("other", `http: ${message}`, { reason: "invalid" });
const unavailable = (message, reason) => new ToolError("unavailable", `http: ${message}`, { reason });

function failed(code) {
  const reason = (code?.tag ?? "failed").toLowerCase();
  if (DENIED.has(reason)) {
    return new ToolError("denied", `http: ${reason}: no grant covers this host, port, method and path`, { reason });
  }
  const detail = code?.val === undefined || code.val === null ? "" : `: ${typeof code.val === "string" ? code.val : JSON.stringify(code.val)}`;
  const transient = /^(dns|connection|destination)|timeout$/.test(reason);
  return new ToolError(transient ? "unavailable" : "other", `http: ${reason}${detail}`, { reason });
}

function prepared({ method, url, headers }) {
  const parts = URL.exec(url);
  if (!parts) throw invalid(`\`${url}\` is no http or https URL`);
  const [, scheme, authority, path, query = ""] = parts;
  try {
    const fields = types.Fields.fromList(Object.entries(headers).map(([name, value]) => [name, encode(String(value))]));
    const request = new types.OutgoingRequest(fields);
    const known = method.toLowerCase();
    request.setMethod(METHODS.has(known) ? { tag: known } : { tag: "other", val: method });
    request.setScheme({ tag: scheme.toUpperCase() });
    request.setAuthority(authority);
    request.setPathWithQuery(`${path || "/"}${query}`);
    return request;
  } catch (thrown) {
    if (thrown instanceof TypeError) throw thrown;
    throw invalid(`\`${method} ${url}\` or one of its headers is malformed or forbidden`);
  }
}

/** A request on its way. */
class Flight {
  /** The answer, or the `ToolError` of there being none. */
  result;
  /** When it is given up, in nanoseconds of the monotonic clock. */
  until;
  // What it holds of the host: the body that goes, the answer to come, the answer, and the body that comes.
  #to; #outgoing; #coming; #from; #incoming; #response;
  #part = new Uint8Array();
  #flushed = false;
  #kept = [];
  #size = 0;

  constructor(sent) {
    this.sent = sent;
  }

  /** Does one thing; a `ToolError` of it is the result. */
  #attempt(step) {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.result = error;
    }
    if (this.result) this.end();
  }

  start() {
    if (this.#coming || this.#response) return;
    this.#attempt(() => {
      const request = prepared(this.sent);
      const { timeout } = this.sent;
      if (timeout !== undefined) this.until = now() + timeout * 1e6;
      this.#outgoing = request.body();
      try {
        this.#coming = handler.handle(request, null);
      } catch (thrown) {
        throw failed(payload(thrown));
      }
      this.#to = this.#outgoing.write();
    });
  }

  wakers() {
    return [this.#to, this.#coming, this.#from].filter(Boolean).map((source) => source.subscribe());
  }

  /** Goes on as far as it can without waiting, by one part. */
  advance() {
    this.#attempt(() => {
      if (this.#to) this.#write();
      if (this.#coming) this.#takeHead();
      if (this.#from) this.#read();
      if (this.result || this.until === undefined || now() < this.until) return;
      throw unavailable(`\`${this.sent.method} ${this.sent.url}\` had no answer after ${this.sent.timeout} ms`, "timeout");
    });
  }

  /** Lets go of what it holds, children before their parents. A body that is not finished is broken off. */
  end() {
    for (const held of [this.#to, this.#outgoing, this.#coming, this.#from, this.#incoming, this.#response]) dispose(held);
    this.#to = this.#outgoing = this.#coming = this.#from = this.#incoming = this.#response = undefined;
  }

  #write() {
    while (this.#part.length === 0) {
      const { done, value } = this.sent.parts.next();
      if (done) return this.#finish();
      this.#part = value;
    }
    const room = this.#room();
    if (!room) return;
    const taken = this.#part.subarray(0, room);
    try {
      this.#to.write(taken);
      this.#part = this.#part.subarray(taken.length);
    } catch {
      this.#stopWriting();
    }
  }

  /** How many bytes may be written now; none when the server takes no more: its answer, or the error of it, says why. */
  #room() {
    try {
      return Number(this.#to.checkWrite());
    } catch {
      this.#stopWriting();
      return 0;
    }
  }

  #finish() {
    if (!this.#flushed) {
      try {
        this.#to.flush();
      } catch {
        return this.#stopWriting();
      }
      this.#flushed = true;
    }
    if (!this.#room()) return;
    const body = this.#outgoing;
    dispose(this.#to);
    this.#to = this.#outgoing = undefined;
    try {
      types.OutgoingBody.finish(body, null);
    } catch (thrown) {
      throw failed(payload(thrown));
    }
  }

  #stopWriting() {
    dispose(this.#to);
    dispose(this.#outgoing);
    this.#to = this.#outgoing = undefined;
  }

  #takeHead() {
    const answer = this.#coming.get();
    if (answer === undefined || answer === null) return;
    dispose(this.#coming);
    this.#coming = undefined;
    // option<result<result<response, code>>>
    const inner = answer.val?.tag === undefined ? answer : answer.val;
    if (inner.tag !== "ok") throw failed(inner.val);
    this.#response = inner.val;
    this.#incoming = this.#response.consume();
    this.#from = this.#incoming.stream();
  }

  #read() {
    let part;
    try {
      part = this.#from.read(READ);
    } catch (thrown) {
      if (payload(thrown)?.tag !== "closed") throw unavailable("the answer broke off", "connection-terminated");
      this.result = this.#whole();
      return;
    }
    this.#size += part.length;
    if (this.#size > this.sent.maxBytes) throw tooLarge(this.sent.maxBytes);
    if (part.length > 0) this.#kept.push(part);
  }

  #whole() {
    const body = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#kept) {
      body.set(part, at);
      at += part.length;
    }
    const fields = this.#response.headers();
    const headers = Object.fromEntries(fields.entries().map(([name, value]) => [name.toLowerCase(), decode(Uint8Array.from(value))]));
    dispose(fields);
    return { status: this.#response.status(), headers, body };
  }
}

/** Until one of them can go on, or is late. */
function wait(flights) {
  const wakers = flights.flatMap((flight) => flight.wakers());
  const times = flights.map((flight) => flight.until).filter((until) => until !== undefined);
  if (times.length > 0) {
    wakers.push(clock.subscribeDuration(Math.max(0, Math.trunc(Math.min(...times) - now()))));
  }
  try {
    poll.poll(wakers);
  } finally {
    // They are children of what the flights hold, and go before it.
    wakers.forEach(dispose);
  }
}

export function sendAll(requests) {
  const flights = requests.map((request) => new Flight(request));
  const open = (flight) => flight.result === undefined;
  try {
    for (;;) {
      const waiting = flights.filter(open).slice(0, AT_ONCE);
      if (waiting.length === 0) return flights.map((flight) => flight.result);
      for (const flight of waiting) flight.start();
      const underWay = waiting.filter(open);
      if (underWay.length > 0) wait(underWay);
      for (const flight of underWay) flight.advance();
    }
  } finally {
    for (const flight of flights) flight.end();
  }
}
