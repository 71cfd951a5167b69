// What TypeScript infers. Compiled only: a line that should not compile says so.
import { type Infer, plugin, prompt, resource, s, tool } from "@tandem/sdk";
import * as testing from "@tandem/sdk/testing";

const note = s.object({ title: s.string(), color: s.enum(["red", "blue"]).default("red"), depth: s.integer().nullable().optional() });
const whole: Infer<typeof note> = { title: "a", color: "red" };
// @ts-expect-error: green is no choice
const odd: Infer<typeof note> = { title: "a", color: "green" };

const put = tool({
  description: "Puts.",
  input: { note, times: s.integer().default(1), tag: s.string().optional() },
  output: { total: s.number(), last: note.optional() },
  handler({ note, times, tag }, ctx) {
    const color: "red" | "blue" = note.color;
    const title: string = tag ?? note.title;
    ctx.progress(times, 2, title + color);
    // @ts-expect-error: it may be absent
    const sure: string = tag;
    // @ts-expect-error: there is no such argument
    note.other;
    return { total: times };
  },
});
// @ts-expect-error: the result lacks `total`
tool({ description: "x", output: { total: s.number() }, handler: () => ({}) });
// @ts-expect-error: without an output a result is content
tool({ description: "x", handler: () => ({ a: 1 }) });
tool({ description: "x", output: s.array(s.string()), handler: () => ["a"] });
tool({ description: "x", task: true, handler: () => "a" });
// @ts-expect-error: a task is forbidden, optional or required
tool({ description: "x", task: "maybe", handler: () => "a" });
const made = plugin({
  tools: { put },
  resources: { "a://{b}": resource({ name: "b", read: ({ b }) => b ?? "" }) },
  prompts: {
    ask: prompt({
      arguments: { topic: "About what.", words: { required: false } },
      handler({ topic, words }) {
        const sure: string = topic;
        // @ts-expect-error: it may be absent
        const also: string = words;
        return sure + also;
      },
    }),
  },
});
const total: number = testing.call(made, "put", { note: whole }).structured.total;
void [odd, total];
