// A host for tests: what is stored, set and answered lives in this process. Names and shapes are the component's.

const fresh = () => ({
  kv: new Map(),
  cache: new Map(),
  config: {},
  secrets: {},
  /** The client's answers, MCP results, by the key of the question. */
  answers: {},
  /** Other tools: functions of the arguments that answer `{ content, structured, isError }`. */
  tools: {},
  log: [],
  progress: [],
  hidden: new Set(),
  /** Capabilities that are refused, such as `kv`. */
  denied: new Set(),
  cancelled: false,
  http: undefined,
});

export const state = fresh();

export function reset() {
  Object.assign(state, fresh());
}

const refuse = (tag, val) => {
  throw { tag, val };
};
const granted = (capability) => {
  if (state.denied.has(capability)) refuse("denied", `\`${capability}\` is not granted`);
};
const same = (a, b) => (a && b ? a.length === b.length && a.every((byte, i) => byte === b[i]) : a === b);

/** A context of no call: without deadline, client or caller. */
export const call = {
  id: () => "local",
  remainingMs: () => Number.MAX_SAFE_INTEGER,
  cancelled: () => state.cancelled,
  progress: (done, total, message) => void state.progress.push([done, total, message]),
  principal: () => ({ tenant: "default", subject: "anonymous", scopes: [] }),
};

export const kv = {
  get(key) {
    granted("kv");
    return state.kv.get(key) ?? null;
  },
  set: (key, value) => kv.setMany([[key, value]]),
  setMany(entries) {
    granted("kv");
    if (entries.some(([key]) => !key || new TextEncoder().encode(key).length > 512)) refuse("too-large", "1 to 512 bytes a key");
    for (const [key, value] of entries) state.kv.set(key, value);
  },
  compareAndSet(key, expected, value) {
    if (!same(kv.get(key), expected)) return false;
    kv.set(key, value);
    return true;
  },
  delete(key) {
    granted("kv");
    return state.kv.delete(key);
  },
  listKeys(prefix, limit, after) {
    granted("kv");
    const keys = [...state.kv.keys()].filter((key) => key.startsWith(prefix) && (after === null || key > after)).sort();
    return { keys: keys.slice(0, limit), next: keys.length > limit ? keys[limit - 1] : null };
  },
};

export const cache = {
  get(key) {
    granted("cache");
    return state.cache.get(key) ?? null;
  },
  set(key, value) {
    granted("cache");
    state.cache.set(key, value);
  },
  delete(key) {
    granted("cache");
    state.cache.delete(key);
  },
};

export const config = {
  get: (key) => state.config[key] ?? null,
  all: () => Object.entries(state.config).sort(),
};

export const log = { write: (level, logger, data) => void state.log.push([level, logger, data]) };

export const events = {
  setHidden: (kind, name, hidden) => void state.hidden[hidden ? "add" : "delete"](`${kind} ${name}`),
  resourceUpdated() {},
};

export const invoke = {
  callTool(tool, json) {
    granted("invoke");
    if (!state.tools[tool]) refuse("not-found", `there is no tool \`${tool}\``);
    const { content = [], structured, isError = false } = state.tools[tool](JSON.parse(json));
    return { content: JSON.stringify(content), structured: structured === undefined ? null : JSON.stringify(structured), isError };
  },
};

export const secrets = {
  list: () => Object.keys(state.secrets).sort(),
  placeholder(name) {
    if (!(name in state.secrets)) refuse("denied", `the secret \`${name}\` is not granted`);
    return `placeholder-of-${name}`;
  },
  reveal(name) {
    secrets.placeholder(name);
    granted("reveal-secrets");
    return state.secrets[name];
  },
};

export const client = {
  getCapabilities() {
    const able = Object.keys(state.answers).length > 0;
    return { elicitation: able, sampling: able, roots: able };
  },
  request(questions) {
    for (const { key } of questions) if (!(key in state.answers)) refuse("unsupported", "elicitation");
    return questions.map(({ key }) => ({ key, response: JSON.stringify(state.answers[key]) }));
  },
};
