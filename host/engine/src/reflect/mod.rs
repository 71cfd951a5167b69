//! Tools from the exported functions of a component that knows nothing of Tandem.
//!
//! **Promises.** A function is a tool: its parameters, by their names, are the arguments, its result is the answer. Types
//! become JSON Schema once, at load, and exports are looked up once, at load. The call is armed like every other.
//!
//! | WIT | JSON |
//! |---|---|
//! | bool, string, char | boolean, string, string of one character |
//! | integers | number; `s64` and `u64` beyond ±(2^53 - 1) as a string of decimal digits, which is also taken for any of them |
//! | f32, f64 | number; out of a function also `"NaN"`, `"Infinity"`, `"-Infinity"`, for which JSON has no number |
//! | `list<u8>` | string of base64 (RFC 4648 section 4) |
//! | list, tuple | array |
//! | record | object; a field that is an option may be left out |
//! | option | the value or null; an option in an option is `{"some": …}` or null |
//! | enum, flags | the case's name; an array of names |
//! | variant | the case's name, or `{"case": value}` |
//! | result | `{"ok": …}` or `{"err": …}`; null for what has no value |
//!
//! What a function returns is the structured result if it is a record, text if it is a string, else `{"result": …}`. An
//! `err` of a function is the tool's own error, its value the error's text.
//!
//! **Bounds.** Those of [`shape`], [`read`] and [`write`], and the engine's of every call.
//!
//! **Refuses**, by name and with the reason, functions that are async or take or give resources, streams, futures or
//! other types that have no JSON. The function by which componentize-py makes a component is not a tool. Exports in the namespace `wasi` are protocols between program and host, not tools.

mod docs;
mod function;
mod functions;
mod names;
mod read;
mod schema;
mod shape;
mod unsupported;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use functions::Functions;
pub use unsupported::UnsupportedExport;
