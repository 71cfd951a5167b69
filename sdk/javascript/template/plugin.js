// The tools of {{name}}.

import { ToolError, plugin, s, tool } from "@tandem/sdk";

const count = tool({
  description: "Counts the words and letters of a text.",
  readOnly: true,
  idempotent: true,
  input: {
    text: s.string({ maxLength: 100_000 }).describe("The text."),
  },
  output: {
    words: s.integer().describe("How many words it has."),
    letters: s.integer().describe("How many letters and digits it has."),
    longest: s.string().describe("The longest word."),
  },
  handler({ text }) {
    const words = text.split(/\s+/).filter(Boolean);
    if (words.length === 0) throw ToolError.invalidArguments("the text has no words");
    return {
      words: words.length,
      letters: [...text.replace(/[^\p{L}\p{N}]+/gu, "")].length,
      longest: words.reduce((longest, word) => (word.length > longest.length ? word : longest)),
    };
  },
});

const remember = tool({
  description: "Remembers texts, and tells how many there are by now.",
  input: {
    texts: s.array(s.string()).describe("What to remember."),
  },
  output: {
    total: s.integer().describe("Texts that were remembered, these included."),
  },
  handler({ texts }, ctx) {
    let total = ctx.kv.getJson("total", 0);
    for (const [done, text] of texts.entries()) {
      ctx.check();
      total += 1;
      ctx.kv.set(`text/${total}`, text);
      ctx.progress(done + 1, texts.length, text);
    }
    ctx.kv.setJson("total", total);
    return { total };
  },
});

export default plugin({ tools: { "{{tool}}_count": count, "{{tool}}_remember": remember } });
