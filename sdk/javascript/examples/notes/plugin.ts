// Notes that stay: a small store over `kv`, with a resource for each note and a prompt that uses them.

import { type Infer, ToolError, kv, log, plugin, prompt, resource, s, tool } from "@tandem/sdk";

const note = s
  .object({
    title: s.string({ minLength: 1, maxLength: 80 }).describe("Its title; no other note has it."),
    text: s.string().describe("What it says."),
    color: s.enum(["yellow", "green", "pink"]).default("yellow").describe("What it looks like."),
    tags: s.array(s.string()).default([]).describe("Words to find it by."),
  })
  .describe("A note.");
type Note = Infer<typeof note>;

const title = s.string().describe("Its title.");
const titles = { titles: s.array(s.string()).describe("The titles, in the order of the alphabet.") };

function read(title: string): Note {
  const found = kv.getJson<Note>(`note/${title}`);
  if (!found) throw ToolError.notFound(`there is no note \`${title}\``);
  return found;
}

function list(tag?: string): { titles: string[] } {
  const all = kv.keys("note/").map((key) => key.slice("note/".length));
  return { titles: tag === undefined ? all : all.filter((title) => read(title).tags.includes(tag)) };
}

export default plugin({
  tools: {
    notes_put: tool({
      description: "Keeps a note, in place of the one of that title, if there is one.",
      idempotent: true,
      input: { note },
      output: titles,
      handler({ note }) {
        kv.setJson(`note/${note.title}`, note);
        log.info({ kept: note.title });
        return list();
      },
    }),
    notes_get: tool({
      description: "Reads a note.",
      readOnly: true,
      idempotent: true,
      input: { title },
      output: note,
      handler: ({ title }) => read(title),
    }),
    notes_list: tool({
      description: "Lists the titles of the notes.",
      readOnly: true,
      idempotent: true,
      input: { tag: s.string().optional().describe("Only notes that have this tag.") },
      output: titles,
      handler: ({ tag }) => list(tag),
    }),
    notes_delete: tool({
      description: "Throws a note away, and tells whether there was one.",
      destructive: true,
      idempotent: true,
      input: { title },
      output: s.boolean(),
      handler: ({ title }) => kv.delete(`note/${title}`),
    }),
  },
  resources: {
    "notes://{title}": resource({
      name: "note",
      description: "A note's text.",
      mimeType: "text/plain",
      read: ({ title }) => read(title).text,
    }),
  },
  prompts: {
    summarize_note: prompt({
      description: "Asks for a summary of a note.",
      arguments: {
        title: "The note's title.",
        language: { description: "The language of the summary.", required: false },
      },
      handler: ({ title, language = "English" }) => `Summarize this note in ${language}:\n\n${read(title).text}`,
      complete: { title: (value) => list().titles.filter((title) => title.startsWith(value)) },
    }),
  },
});
