//! A bounded part of Cypher: `MATCH … WHERE … RETURN … ORDER BY … SKIP … LIMIT …`.
//!
//! **Promises.** As in openCypher: patterns of one `MATCH` use a relationship once; comparisons with null are not true;
//! aggregates group by the other columns; null sorts last.
//!
//! **Bounds.** Length and nesting of the query, parts of patterns, hops, candidates looked at, matches held; an error names the
//! bound.
//!
//! **Refuses.** Clauses that write (`CREATE`, `MERGE`, `SET`, `DELETE`), `OPTIONAL MATCH`, `WITH`, `UNWIND`, `CALL`, and paths
//! without an upper bound.

mod eval;
mod lexer;
mod matcher;
mod parser;
mod run;
mod syntax;

pub(crate) use run::run;
