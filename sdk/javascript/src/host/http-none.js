// No http: the component's manifest does not request any, or this is a test, which answers for itself.

import { ToolError, tooLarge } from "../errors.js";
import { encode } from "../utf8.js";

let answer;

/** Answers requests by a function of `{ method, url, headers, body }`, in tests. */
export function answerWith(given) {
  answer = given;
}

function send({ parts, maxBytes, ...request }) {
  if (!answer) {
    const why = `no http for ${request.method} ${request.url}: the manifest's \`[request]\` does not name any host`;
    throw new ToolError("denied", why, { reason: "http-request-denied" });
  }
  const made = answer({ ...request, body: Uint8Array.from([...parts].flatMap((part) => [...part])) });
  const body = typeof made.body === "string" ? encode(made.body) : (made.body ?? []);
  if (body.length > maxBytes) throw tooLarge(maxBytes);
  return made;
}

/** One after the other: what is thrown that is no `ToolError` is the test's own. */
export function sendAll(requests) {
  return requests.map((request) => {
    try {
      return send(request);
    } catch (error) {
      if (error instanceof ToolError) return error;
      throw error;
    }
  });
}
