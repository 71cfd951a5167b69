// Looks after links: what answers, with which title. HTTP by grant, answers cached, progress for long lists.

import { ToolError, plugin, s, tool } from "@tandem/sdk";

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"' };

function titleOf(html) {
  const found = /<title[^>]*>([\s\S]*?)<\/title>/i.exec(html);
  return found?.[1].trim().replace(/&(amp|lt|gt|quot);/g, (_, name) => ENTITIES[name]);
}

function look(url, { http, config }) {
  try {
    const answer = http.get(url, { headers: { "user-agent": config.get("user-agent", "tandem-links") } });
    return { url, state: answer.status < 400 ? "alive" : "dead", status: answer.status, title: titleOf(answer.text) };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return { url, state: error.kind === "denied" ? "denied" : "dead", why: error.message };
  }
}

export default plugin({
  tools: {
    links_check: tool({
      description: "Tells which links answer, and what their pages are called.",
      readOnly: true,
      openWorld: true,
      task: true,
      input: { urls: s.array(s.string(), { minItems: 1, maxItems: 50 }).describe("The links.") },
      output: s.array(
        s.object({
          url: s.string().describe("The link."),
          state: s.enum(["alive", "dead", "denied"]).describe("Whether it answers; `denied`: this host may not be asked."),
          status: s.integer().optional().describe("The status of the answer, if there was one."),
          title: s.string().optional().describe("The page's title, if it has one."),
          why: s.string().optional().describe("Why there was no answer."),
        }),
      ),
      handler({ urls }, ctx) {
        return urls.map((url, index) => {
          ctx.check();
          const link = look(url, ctx);
          ctx.progress(index + 1, urls.length, url);
          return link;
        });
      },
    }),
    links_title: tool({
      description: "Tells the title of a page. Answers from the last minute are used again.",
      readOnly: true,
      idempotent: true,
      openWorld: true,
      input: { url: s.string().describe("The page's address.") },
      handler: ({ url }, { cache, http }) =>
        cache.getOrSet(
          url,
          () => {
            const title = titleOf(http.get(url).ok().text);
            if (!title) throw ToolError.other(`${url} has no title`);
            return title;
          },
          { ttl: 60_000 },
        ),
    }),
  },
});
