// No http: the component's manifest does not request any, or this is a test, which answers for itself.

import { ToolError } from "../errors.js";

let answer;

/** Answers requests by a function of `{ method, url, headers, body }`, in tests. */
export function answerWith(given) {
  answer = given;
}

export function send(request) {
  if (answer) return answer(request);
  throw ToolError.denied(`no http for ${request.method} ${request.url}: the manifest's \`[request]\` does not name any host`);
}
