//! The filters that jq programs may call: those of jaq without the environment, and ours.

use jaq_core::box_iter::box_once;
use jaq_core::data::JustLut;
use jaq_core::load::parse::Def;
use jaq_core::native::{Fun, bome, v};
use jaq_core::{Native, load};
use jaq_json::{Val, read};
use jaq_std::ValT as _;

use super::meter;
use crate::input::check_text;

/// What filters work on.
pub type Kind = JustLut<Val>;

/// Filters of jaq that are replaced by ours.
const REPLACED: [&str; 5] = ["env", "halt", "debug_empty", "stderr_empty", "fromjson"];

/// Definitions of jq that jaq has not in these crates.
const DEFINITIONS: &str = r#"
def getpath($path): reduce $path[] as $p (.; __vivified($p) | .[$p]);
def setpath($path; $x): getpath($path) = $x;
def delpaths($paths): reduce ($paths | unique | reverse[]) as $path (.;
  if $path == [] then null elif getpath($path[:-1]) == null then .
  else (try getpath($path[:-1]) catch null) as $parent | $path[-1] as $key
    | if ($key | isnumber) and ($key >= ($parent | length) or $key < -($parent | length)) then .
      else getpath($path) |= empty end end);
def del(f): delpaths([path(f)]);
def toarray: if isarray then . else [.] end;
def leaf_paths: paths(scalars);
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def ascii: [.] | implode;
def trimstr($x): ltrimstr($x) | rtrimstr($x);
def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def fromstream(f): {x: null, e: false} as $init
  | foreach f as $i ($init;
      if .e then $init else . end
      | if $i | length == 2
        then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1])
        else setpath(["e"]; $i[0] | length == 1) end;
      if .e then .x else empty end);
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def have_decnum: false;
def have_literal_numbers: true;
def @csv: map(if isstring then "\"" + (split("\"") | join("\"\"")) + "\"" elif . == null then "" else tostring end) | join(",");
def @tsv: map(if isstring then gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r")
  elif . == null then "" else tostring end) | join("\t");
"#;

/// The definitions, each with its meter.
pub fn definitions<'s>() -> impl Iterator<Item = Def<&'s str>> {
    let ours = load::parse(DEFINITIONS, |parser| parser.defs()).unwrap_or_default();
    jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .chain(ours)
        .map(|definition| meter::definition(definition))
}

/// The filters that are written in Rust.
pub fn functions() -> impl Iterator<Item = Fun<Kind>> {
    let theirs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    theirs.filter(|(name, ..)| !REPLACED.contains(name)).chain(ours()).chain(refused())
}

/// Names of all filters, for suggestions.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = definitions().map(|definition| definition.name).collect();
    names.extend(functions().map(|(name, ..)| name));
    names.retain(|name| !name.starts_with("__"));
    names
}

fn ours() -> Vec<Fun<Kind>> {
    vec![
        (
            "__step",
            v(0),
            passing(|cv| match meter::step(&cv.1) {
                Ok(()) => box_once(Ok(cv.1)),
                Err(stop) => box_once(Err(stop)),
            }),
        ),
        (
            "__enter",
            v(0),
            passing(|cv| match meter::enter(&cv.1) {
                Ok(()) => box_once(Ok(cv.1)),
                Err(stop) => box_once(Err(stop)),
            }),
        ),
        (
            "__built",
            v(0),
            Native::new(|cv| match meter::built(&cv.1) {
                Ok(()) => box_once(Ok(cv.1)),
                Err(stop) => box_once(Err(stop)),
            }),
        ),
        (
            "__times",
            v(2),
            Native::new(|mut cv| {
                let left = cv.0.pop_var();
                let right = cv.0.pop_var();
                box_once(meter::times(left, right))
            }),
        ),
        (
            "__vivified",
            v(1),
            Native::<Kind>::new(|mut cv| {
                cv.0.pop_var();
                box_once(Ok(cv.1))
            })
            .with_paths(|mut cv| {
                cv.0.pop_var();
                box_once(Ok(cv.1))
            })
            .with_update(|mut cv, update| {
                let key = cv.0.pop_var();
                match meter::vivified(cv.1, &key) {
                    Ok(value) => update(value),
                    Err(stop) => box_once(Err(stop)),
                }
            }),
        ),
        ("fromjson", v(0), Native::new(|cv| bome(from_json(&cv.1)))),
        ("debug_empty", v(0), Native::new(|_| Box::new(std::iter::empty()))),
        ("stderr_empty", v(0), Native::new(|_| Box::new(std::iter::empty()))),
    ]
}

/// A filter that passes its input on, also where a path or an update goes through it.
fn passing(run: jaq_core::RunPtr<Kind>) -> Native<Kind> {
    Native::<Kind>::new(run)
        .with_paths(|cv| match meter::enter(&cv.1.0) {
            Ok(()) => box_once(Ok(cv.1)),
            Err(stop) => box_once(Err(stop)),
        })
        .with_update(|cv, update| match meter::enter(&cv.1) {
            Ok(()) => update(cv.1),
            Err(stop) => box_once(Err(stop)),
        })
}

/// Filters that would leave the call: each halts the program and says so.
fn refused() -> Vec<Fun<Kind>> {
    vec![
        ("env", v(0), Native::new(|_| box_once(Err(meter::stop("`env` is not there: pass values in `variables`"))))),
        (
            "halt",
            v(1),
            Native::new(|_| box_once(Err(meter::stop("`halt` is not there: use `empty`, `error` or `limit`")))),
        ),
        ("input", v(0), Native::new(|_| box_once(Err(meter::stop("`input` is not there: set `slurp` and use `.[]`"))))),
        (
            "inputs",
            v(0),
            Native::new(|_| box_once(Err(meter::stop("`inputs` is not there: set `slurp` and use `.[]`")))),
        ),
        (
            "input_filename",
            v(0),
            Native::new(|_| box_once(Err(meter::stop("`input_filename` is not there: the call names the file")))),
        ),
    ]
}

fn from_json(value: &Val) -> jaq_json::ValR {
    let fail = |reason: String| jaq_json::Error::str(format!("fromjson: {reason}"));
    let text = value.as_utf8_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| fail("the input is not a string".into()))?;
    check_text(text).map_err(|error| fail(error.to_string()))?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| fail(error.to_string()))?;
    read::parse_single(text.as_bytes()).map_err(|error| fail(error.to_string()))
}
