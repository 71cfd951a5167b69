// What tools, resources and prompts answer, in the shapes of the contract.

const bytes = (data) => (data instanceof Uint8Array ? data : Uint8Array.from(data));

export const text = (value) => ({ tag: "text", val: String(value) });
export const image = (data, mimeType) => ({ tag: "image", val: { data: bytes(data), mimeType } });
export const audio = (data, mimeType) => ({ tag: "audio", val: { data: bytes(data), mimeType } });
export const link = (uri, name, { description = null, mimeType = null } = {}) => ({
  tag: "resource-link",
  val: { uri, name, description, mimeType },
});
/** A resource's content: text or bytes. */
export const contents = (uri, body, mimeType = null) => ({
  uri,
  mimeType,
  body: typeof body === "string" ? { tag: "text", val: body } : { tag: "blob", val: bytes(body) },
});
export const embedded = (value) => ({ tag: "embedded-resource", val: value });

const BLOCKS = new Set(["text", "image", "audio", "resource-link", "embedded-resource"]);
const isBlock = (value) => value !== null && typeof value === "object" && BLOCKS.has(value.tag) && "val" in value;

/** A whole answer: blocks, and a structured result. */
export class ToolOutput {
  constructor(content = [], structured = undefined) {
    this.content = content;
    this.structured = structured;
  }

  /** The text blocks, one a line. */
  get text() {
    return this.content.filter((block) => block.tag === "text").map((block) => block.val).join("\n");
  }
}

/** The blocks of an answer that is content; undefined when it is something else. */
export function blocks(value) {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [text(value)];
  if (isBlock(value)) return [value];
  if (Array.isArray(value) && value.length && value.every(isBlock)) return value;
  return undefined;
}

/** A message of a prompt. */
export const user = (content) => ({ role: "user", content: typeof content === "string" ? text(content) : content });
export const assistant = (content) => ({ role: "assistant", content: typeof content === "string" ? text(content) : content });
