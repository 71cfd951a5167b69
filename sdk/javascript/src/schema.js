// Declarations as JSON Schema 2020-12, and JSON values read by them. A schema is written out in place and made once, when the plugin is
// built; so is the function that reads values.

/** A value does not fit. `pointer` (RFC 6901) says where. */
export class Mismatch extends Error {
  constructor(message, pointer = "") {
    super(pointer ? `${pointer}: ${message}` : message);
    this.name = "Mismatch";
    this.what = message;
    this.pointer = pointer;
  }

  under(key) {
    const token = String(key).replace(/~/g, "~0").replace(/\//g, "~1");
    return new Mismatch(this.what, `/${token}${this.pointer}`);
  }
}

export function nameOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  const kind = typeof value;
  return kind === "undefined" ? "nothing" : `${kind === "object" ? "an" : "a"} ${kind}`;
}

/** One declaration: its JSON Schema, and `load`, which reads a JSON value or throws a Mismatch. */
export class Schema {
  constructor(json, load, { optional = false, fallback } = {}) {
    this.json = json;
    this.load = load;
    this.isOptional = optional;
    this.fallback = fallback;
  }

  #with(json, load = this.load, rest = {}) {
    return new Schema(json, load, { optional: this.isOptional, fallback: this.fallback, ...rest });
  }

  /** Says what it is, for a model. */
  describe(description) {
    return this.#with({ ...this.json, description });
  }

  /** It may be left out. */
  optional() {
    return this.#with(this.json, this.load, { optional: true });
  }

  /** It may be left out, and is this then. */
  default(fallback) {
    this.load(fallback);
    return this.#with({ ...this.json, default: fallback }, this.load, { optional: true, fallback });
  }

  /** It may be null. */
  nullable() {
    const { type } = this.json;
    const load = (value) => (value === null ? null : this.load(value));
    if (type === undefined) return this.#with(Object.keys(this.json).length ? { anyOf: [this.json, { type: "null" }] } : {}, load);
    const json = { ...this.json, type: [...[type].flat(), "null"] };
    if (json.enum) json.enum = [...json.enum, null];
    return this.#with(json, load);
  }
}

function wrong(expected, value) {
  return new Mismatch(`expected ${expected}, not ${nameOf(value)}`);
}

function defined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function number(integer, { min, max } = {}) {
  return new Schema(defined({ type: integer ? "integer" : "number", minimum: min, maximum: max }), (value) => {
    if (typeof value !== "number") throw wrong(integer ? "an integer" : "a number", value);
    if (integer && !Number.isInteger(value)) throw new Mismatch(`expected an integer, not ${value}`);
    if (min !== undefined && value < min) throw new Mismatch(`${value} is less than ${min}`);
    if (max !== undefined && value > max) throw new Mismatch(`${value} is more than ${max}`);
    return value;
  });
}

function length(value, unit, min, max) {
  if (min !== undefined && value < min) throw new Mismatch(`expected at least ${min} ${unit}, not ${value}`);
  if (max !== undefined && value > max) throw new Mismatch(`expected at most ${max} ${unit}, not ${value}`);
}

/** Reads an object by its properties. A closed one refuses others: arguments are closed, results open. */
export function object(shape, { closed = true } = {}) {
  const properties = Object.entries(shape);
  for (const [key, schema] of properties) {
    if (!(schema instanceof Schema)) throw new TypeError(`\`${key}\` is no schema: use s.string(), s.number(), …`);
  }
  const required = properties.filter(([, schema]) => !schema.isOptional).map(([key]) => key);
  const json = defined({
    type: "object",
    properties: Object.fromEntries(properties.map(([key, schema]) => [key, schema.json])),
    required: required.length ? required : undefined,
    additionalProperties: closed ? false : undefined,
  });
  const known = new Map(properties);
  return new Schema(json, (value) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) throw wrong("an object", value);
    if (closed) {
      const odd = Object.keys(value).find((key) => !known.has(key));
      if (odd !== undefined) {
        throw new Mismatch(`there is no such property; known are ${[...known.keys()].join(", ") || "none"}`).under(odd);
      }
    }
    const read = {};
    // Every call comes through here, and QuickJS is slow with what iterates and destructures.
    for (let at = 0; at < properties.length; at++) {
      const key = properties[at][0];
      const schema = properties[at][1];
      const given = Object.hasOwn(value, key) ? value[key] : undefined;
      if (given === undefined) {
        if (!schema.isOptional) throw new Mismatch("it is missing").under(key);
        if (schema.fallback !== undefined) read[key] = structuredCopy(schema.fallback);
        continue;
      }
      try {
        read[key] = schema.load(given);
      } catch (error) {
        throw error instanceof Mismatch ? error.under(key) : error;
      }
    }
    return read;
  });
}

// A handler that changes its default must not change the next call's.
function structuredCopy(value) {
  return value !== null && typeof value === "object" ? JSON.parse(JSON.stringify(value)) : value;
}

/** The declarations. */
export const s = {
  string({ minLength, maxLength, pattern, header } = {}) {
    const source = pattern instanceof RegExp ? pattern.source : pattern;
    const json = defined({ type: "string", minLength, maxLength, pattern: source, "x-mcp-header": header });
    const fits = source === undefined ? undefined : new RegExp(source, "u");
    return new Schema(json, (value) => {
      if (typeof value !== "string") throw wrong("a string", value);
      // JSON Schema counts characters, not UTF-16 units, of which a character has one or two: most texts need no counting.
      if (value.length > (maxLength ?? Infinity) || value.length < 2 * (minLength ?? 0)) {
        length([...value].length, "characters", minLength, maxLength);
      }
      if (fits && !fits.test(value)) throw new Mismatch(`does not match ${source}`);
      return value;
    });
  },
  number: (bounds) => number(false, bounds),
  integer: (bounds) => number(true, bounds),
  boolean: () =>
    new Schema({ type: "boolean" }, (value) => {
      if (typeof value !== "boolean") throw wrong("a boolean", value);
      return value;
    }),
  enum(values) {
    const types = [...new Set(values.map((value) => typeof value))];
    return new Schema({ type: types.length === 1 ? types[0] : types, enum: [...values] }, (value) => {
      if (!values.includes(value)) throw new Mismatch(`expected one of ${values.map((v) => JSON.stringify(v)).join(", ")}`);
      return value;
    });
  },
  array(items, { minItems, maxItems } = {}) {
    const json = defined({ type: "array", items: Object.keys(items.json).length ? items.json : undefined, minItems, maxItems });
    return new Schema(json, (value) => {
      if (!Array.isArray(value)) throw wrong("an array", value);
      length(value.length, "items", minItems, maxItems);
      return value.map((item, index) => {
        try {
          return items.load(item);
        } catch (error) {
          throw error instanceof Mismatch ? error.under(index) : error;
        }
      });
    });
  },
  object: (shape) => object(shape),
  record(values) {
    const json = defined({ type: "object", additionalProperties: Object.keys(values.json).length ? values.json : undefined });
    return new Schema(json, (value) => {
      if (value === null || typeof value !== "object" || Array.isArray(value)) throw wrong("an object", value);
      const read = {};
      for (const [key, inner] of Object.entries(value)) {
        try {
          // `__proto__` is a key like any other.
          Object.defineProperty(read, key, { value: values.load(inner), enumerable: true, writable: true, configurable: true });
        } catch (error) {
          throw error instanceof Mismatch ? error.under(key) : error;
        }
      }
      return read;
    });
  },
  union(...alternatives) {
    return new Schema({ anyOf: alternatives.map((schema) => schema.json) }, (value) => {
      const why = new Set();
      for (const schema of alternatives) {
        try {
          return schema.load(value);
        } catch (error) {
          if (!(error instanceof Mismatch)) throw error;
          why.add(error.message);
        }
      }
      throw new Mismatch(`fits none of the alternatives: ${[...why].join("; ")}`);
    });
  },
  any: () => new Schema({}, (value) => value),
  /** A JSON Schema written by hand; the host alone checks it. */
  json: (json) => new Schema(json, (value) => value),
};
