// Sends whatever requests it is asked to, and tells what came of them: what the examples do not use of http.

import { ToolError, http, plugin, s, tool } from "@tandem/sdk";

// Parts that are made one after the other. The engine has no encoder of its own: a text of this size takes it long.
function* parts({ body, times, ask }) {
  const bytes = Uint8Array.from(body, (letter) => letter.charCodeAt(0));
  for (let i = 0; i < times; i++) {
    if (ask && i === times - 1) http.get(ask).ok();
    yield bytes;
  }
}

export default plugin({
  tools: {
    sender_all: tool({
      description: "Sends requests, several at a time.",
      destructive: true,
      openWorld: true,
      input: {
        requests: s.array(
          s.object({
            method: s.string().describe("Its method."),
            url: s.string().describe("Where it goes."),
            headers: s.record(s.string()).default({}).describe("Its headers."),
            query: s.record(s.string()).default({}).describe("What is added to its query."),
            body: s.string().default("").describe("A part of its body."),
            times: s.integer().default(1).describe("How often that part is in it."),
            ask: s.string().optional().describe("What is fetched before the last part."),
            timeout: s.number().optional().describe("Seconds after which it is given up."),
          }),
          { maxItems: 32 },
        ).describe("The requests."),
      },
      output: s.array(
        s.object({
          status: s.integer().describe("Its status."),
          kind: s.string().describe("Its header `x-kind`, or the kind of the error."),
          body: s.string().describe("Its body, or the error's text."),
          reason: s.string().optional().describe("The error's reason."),
        }),
      ),
      handler: ({ requests }) =>
        http
          .sendAll(requests.map(({ timeout, ...asked }) => ({ ...asked, body: parts(asked), maxBytes: 1000, timeout: timeout && timeout * 1000 })))
          .map((one) =>
            one instanceof ToolError
              ? { status: 0, kind: one.kind, body: one.message, reason: one.reason }
              : { status: one.status, kind: one.headers["x-kind"] ?? "", body: one.text },
          ),
    }),
  },
});
