// Why a tool, resource or prompt gives no answer. Throw a ToolError; its text reaches the client and its model. Anything else that is
// thrown becomes `other`, and its stack goes to the operator's log. A refusal by the host keeps its kind.

export class ToolError extends Error {
  /** `kind` is a case of the contract's `tool-error`; `reason` the case of the host interface's own error, if the host refused. */
  constructor(kind, message, { reason, output } = {}) {
    super(message);
    this.name = "ToolError";
    this.kind = kind;
    this.reason = reason;
    this.output = output;
  }

  static invalidArguments(message) {
    return new ToolError("invalid-arguments", message);
  }

  static notFound(message) {
    return new ToolError("not-found", message);
  }

  static denied(message) {
    return new ToolError("denied", message);
  }

  static unavailable(message) {
    return new ToolError("unavailable", message);
  }

  static missingCapability(capability) {
    return new ToolError("missing-capability", capability);
  }

  static cancelled() {
    return new ToolError("cancelled", "cancelled");
  }

  static failed(output) {
    return new ToolError("failed", typeof output === "string" ? output : "the tool failed", { output });
  }

  static other(message) {
    return new ToolError("other", message);
  }
}

/** The error of an http answer that is longer than what is kept. */
export const tooLarge = (maxBytes) => new ToolError("other", `http: the answer is larger than ${maxBytes} bytes`, { reason: "too-large" });

// The cases of the host interfaces' errors, as the kinds that a client should see.
const CASES = {
  denied: ["denied", (v) => v],
  "not-found": ["not-found", (v) => v],
  unknown: ["not-found", (v) => `this plugin has no \`${v}\``],
  unsupported: ["missing-capability", (v) => v],
  unavailable: ["unavailable", (v) => v],
  timeout: ["unavailable", () => "no answer came in time"],
  cancelled: ["cancelled", () => "cancelled"],
  "limit-exceeded": ["unavailable", (v) => `limit exceeded: ${v}`],
  "invalid-arguments": ["other", (v) => `the called tool refused its arguments: ${v}`],
  "invalid-response": ["other", (v) => `the client's answer has the wrong form: ${v}`],
  "quota-exceeded": ["other", (v) => `quota exceeded: ${v}`],
  "too-large": ["other", (v) => `too large: the bound is ${v}`],
};

/** Calls the host; what it refuses is a ToolError of the fitting kind. */
export function asked(name, call) {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof ToolError) throw thrown;
    const refused = thrown?.payload ?? thrown;
    if (typeof refused?.tag !== "string") throw thrown;
    const [kind, words] = CASES[refused.tag] ?? ["other", (v) => v ?? `${name} failed`];
    const message = words(refused.val ?? undefined) ?? `${name} failed`;
    throw new ToolError(kind, kind === "other" ? `${name}: ${message}` : String(message), { reason: refused.tag });
  }
}
