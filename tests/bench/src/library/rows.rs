//! What is measured of each category: its main operation, and programs that do the same.
//!
//! Each is the work that its users would measure. Where it takes a native program over 100 ms, the work itself is compared;
//! elsewhere what counts is that a program is started for it, as a server over stdio is.

use serde_json::{Value, json};

use super::inputs::sentence;

/// A program and its arguments.
type Command = &'static [&'static str];

/// What is measured of a category.
pub(super) struct Row {
    pub plugin: &'static str,
    pub tool: &'static str,
    pub arguments: Value,
    /// Calls before, which are not measured.
    pub before: Vec<(&'static str, Value)>,
    /// Programs that do the same, run in the directory of the files; the first that is installed counts.
    pub programs: &'static [Command],
}

/// What a server of these tools in Python does at the least before it answers: it starts and loads its own language's modules.
const PYTHON: Command = &["python3", "-c", "import asyncio, json, sqlite3, logging"];

const PYTHON_CSV: Command = &[
    "python3",
    "-c",
    "import csv, collections\nsums = collections.Counter()\nfor row in csv.DictReader(open('orders.csv')): sums[row['customer']] += float(row['price'])\nprint(sums.most_common(5))",
];

const PYTHON_ZIP: Command = &[
    "python3",
    "-c",
    "import os, zipfile\nwith zipfile.ZipFile('python.zip', 'w', zipfile.ZIP_DEFLATED) as to:\n  for name in os.listdir('texts'): to.write('texts/' + name)",
];

const PYTHON_DOCX: Command = &[
    "python3",
    "-c",
    "import re, zipfile\nprint(re.findall('<w:t[^>]*>([^<]*)', zipfile.ZipFile('report.docx').read('word/document.xml').decode()))",
];

fn row(plugin: &'static str, tool: &'static str, arguments: Value, programs: &'static [Command]) -> Row {
    Row { plugin, tool, arguments, before: Vec::new(), programs }
}

fn after(before: Vec<(&'static str, Value)>, row: Row) -> Row {
    Row { before, ..row }
}

/// All rows. `port` is where a page is served.
pub(super) fn all(port: u16) -> Vec<Row> {
    let mut rows = files();
    rows.extend(kept());
    rows.push(row(
        "web",
        "web_fetch",
        json!({"url": format!("http://127.0.0.1:{port}/"), "max_length": 200_000}),
        &[PYTHON],
    ));
    rows.push(row(
        "json-schema",
        "json_schema_validate",
        json!({"data": {"age": 36}, "schema": {"properties": {"age": {"type": "integer"}}}}),
        &[PYTHON],
    ));
    rows.push(row(
        "logic",
        "logic_prove",
        json!({"premises": ["forall x. Man(x) -> Mortal(x)", "Man(socrates)"], "goal": "Mortal(socrates)"}),
        &[PYTHON],
    ));
    rows.push(row(
        "time",
        "time_convert",
        json!({"time": "2026-12-24T18:00", "from": "Europe/Paris", "to": "America/New_York"}),
        &[&[
            "python3",
            "-c",
            "from datetime import datetime as d; from zoneinfo import ZoneInfo as z; print(d(2026,12,24,18,tzinfo=z('Europe/Paris')).astimezone(z('America/New_York')))",
        ]],
    ));
    rows.sort_by_key(|row| row.plugin);
    rows
}

/// Categories that work on files.
fn files() -> Vec<Row> {
    let group = json!([
        {"step": "group", "by": ["customer"], "aggregates": [{"function": "sum", "column": "price", "as": "spent"}]},
        {"step": "sort", "by": [{"column": "spent", "descending": true}]},
        {"step": "limit", "count": 5},
    ]);
    let sql = "SELECT customer, sum(price) AS spent FROM orders GROUP BY customer ORDER BY spent DESC LIMIT 5";
    vec![
        row("dataset", "dataset_process", json!({"path": "data/orders.csv", "steps": group}), &[PYTHON_CSV]),
        row(
            "sql",
            "sql_query",
            json!({"database": "data/orders.db", "sql": sql}),
            &[&[
                "sqlite3",
                "orders.db",
                "SELECT customer, sum(price) AS spent FROM orders GROUP BY customer ORDER BY spent DESC LIMIT 5",
            ]],
        ),
        row(
            "json",
            "json_query",
            json!({"path": "data/orders.json", "program": "map(.price) | add"}),
            &[&["jq", "map(.price) | add", "orders.json"]],
        ),
        row(
            "files",
            "files_grep",
            json!({"path": "data/texts", "pattern": "beacon", "limit": 1_000}),
            &[&["rg", "beacon", "texts"], &["grep", "-r", "beacon", "texts"]],
        ),
        row(
            "archive",
            "archive_create",
            json!({"path": "data/made.zip", "sources": ["data/texts"], "overwrite": true}),
            &[&["zip", "-q", "-r", "native.zip", "texts"], PYTHON_ZIP],
        ),
        row("git", "git_log", json!({"repo": "repos/repo.git"}), &[&["git", "--git-dir=repo.git", "log"]]),
        row(
            "convert",
            "convert_file",
            json!({"path": "data/report.docx"}),
            &[&["pandoc", "report.docx", "-t", "markdown"], &["markitdown", "report.docx"], PYTHON_DOCX],
        ),
        row(
            "calendar",
            "calendar_read",
            json!({"path": "calendars/team.ics", "after": "2026-10-12", "before": "2026-11-06"}),
            &[PYTHON],
        ),
        row(
            "pdf",
            "pdf_text",
            json!({"path": "data/harbour.pdf"}),
            &[&["pdftotext", "harbour.pdf", "-"], &["mutool", "draw", "-F", "txt", "harbour.pdf"], PYTHON],
        ),
        row(
            "embedding",
            "embedding_chunk",
            json!({"path": "data/book.md", "by": "headings", "size": 2_000}),
            &[PYTHON],
        ),
        row("json-convert", "json_convert_data", json!({"path": "data/continents.jsonl", "to": "yaml"}), &[PYTHON]),
        row(
            "ipfs",
            "ipfs_cid",
            json!({"path": "data/orders.json"}),
            &[&["ipfs", "add", "-n", "orders.json"], &["sha256sum", "orders.json"]],
        ),
    ]
}

/// Categories that keep what they work on.
fn kept() -> Vec<Row> {
    let documents: Vec<_> =
        (0..1_000).map(|id| json!({"id": id.to_string(), "fields": {"text": sentence(id)}})).collect();
    let spread = |id: usize, place: usize| ((id * 31 + place * 17) % 101) as f64 / 101.0;
    let vector = |id: usize| (0..64).map(|place| spread(id, place)).collect::<Vec<_>>();
    let items: Vec<_> = (0..1_000).map(|id| json!({"id": id.to_string(), "vector": vector(id)})).collect();
    let entities: Vec<_> = (0..100).map(|id| json!({"name": format!("entity {id}"), "type": "Thing"})).collect();
    vec![
        after(
            vec![
                ("search_create", json!({"index": "books", "fields": [{"name": "text", "type": "text"}]})),
                ("search_index", json!({"index": "books", "documents": documents})),
            ],
            row("search", "search_query", json!({"index": "books", "query": "harbour needle"}), &[PYTHON]),
        ),
        after(
            vec![
                ("vector_create", json!({"collection": "all", "dimensions": 64, "metric": "cosine"})),
                ("vector_add", json!({"collection": "all", "items": items})),
            ],
            row("vector", "vector_search", json!({"collection": "all", "vector": vector(5), "k": 10}), &[PYTHON]),
        ),
        after(
            vec![("graph_add_entities", json!({"entities": entities}))],
            row("graph", "graph_query", json!({"query": "MATCH (a:Thing) RETURN count(*)"}), &[PYTHON]),
        ),
        after(
            vec![("storage_put", json!({"collection": "recipes", "id": "tea", "value": {"minutes": 5}}))],
            row("storage", "storage_get", json!({"collection": "recipes", "ids": ["tea"]}), &[PYTHON]),
        ),
        after(
            vec![("cache_set", json!({"key": "total", "value": 12}))],
            row("cache", "cache_get", json!({"key": "total"}), &[PYTHON]),
        ),
        row("audit", "audit_record", json!({"action": "user.login", "actor": "bob"}), &[PYTHON]),
        row("provenance", "provenance_record", json!({"entity": "model", "activity": "train"}), &[PYTHON]),
    ]
}
