//! The files that the categories work on: those of `examples/`, and larger ones in which the work itself takes time.
//!
//! All are in one directory, which stands for every directory that a category asks for. The larger ones are the same in each run.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use axum::{Router, response::Html, routing::get};

/// Rows of `orders.csv`, elements of `orders.json`, rows of the table `orders` in `orders.db`.
const ORDERS: usize = 100_000;

/// Files below `texts`, and lines of each.
const TEXTS: usize = 1_000;
const LINES: usize = 100;

/// Paragraphs of the page and of `book.md`.
const PARAGRAPHS: usize = 2_000;

/// Makes the directory.
pub(super) fn make() -> anyhow::Result<tempfile::TempDir> {
    let made = tempfile::tempdir()?;
    for samples in ["data", "documents", "calendars", "repos"] {
        copy(&Path::new("examples").join(samples), made.path())?;
    }
    let write = |name: &str, content: String| fs::write(made.path().join(name), content).context("cannot write inputs");
    write(
        "orders.csv",
        orders("id,customer,quantity,price\n", "", |id, customer, quantity, price| {
            format!("{id},customer {customer},{quantity},{price}\n")
        }),
    )?;
    write("orders.json", json())?;
    write("book.md", (0..PARAGRAPHS).map(|at| format!("## Section {at}\n\n{}\n\n", paragraph(at))).collect())?;
    fs::create_dir(made.path().join("texts"))?;
    for at in 0..TEXTS {
        let lines: String =
            (0..LINES).map(|line| format!("{}{}\n", sentence(at * LINES + line), rare(at, line))).collect();
        write(&format!("texts/{at}.txt"), lines)?;
    }
    database(&made.path().join("orders.db"))?;
    Ok(made)
}

/// Serves a page on loopback for as long as the runtime lives; its port.
pub(super) async fn serve_page() -> anyhow::Result<u16> {
    let paragraphs = (0..PARAGRAPHS).map(|at| format!("<h2>Section {at}</h2><p>{}</p>", paragraph(at)));
    let page = format!("<html><body><main>{}</main></body></html>", paragraphs.collect::<String>());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let router = Router::new().route("/", get(|| async { Html(page) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(port)
}

/// A sentence of twelve words.
pub(super) fn sentence(at: usize) -> String {
    const WORDS: [&str; 16] = [
        "river", "stone", "harbour", "winter", "letter", "engine", "garden", "signal", "mountain", "paper", "window",
        "copper", "island", "forest", "needle", "market",
    ];
    let word = |place: usize| WORDS.get((at * 7 + place * (at % 5 + 3)) % WORDS.len()).copied().unwrap_or("word");
    (0..12).map(word).collect::<Vec<_>>().join(" ")
}

/// A word of one line in every fifth file, to search for.
const fn rare(file: usize, line: usize) -> &'static str {
    if file.is_multiple_of(5) && line == 50 { " beacon" } else { "" }
}

fn paragraph(at: usize) -> String {
    (0..4).map(|line| format!("{}. ", sentence(at * 4 + line))).collect()
}

fn orders(before: &str, after: &str, row: impl Fn(usize, usize, usize, f64) -> String) -> String {
    let mut text = before.to_owned();
    for id in 0..ORDERS {
        text += &row(id, id * 31 % 997, id % 9 + 1, (id * 37 % 10_000) as f64 / 100.0);
    }
    text + after
}

fn json() -> String {
    let mut text = orders("[", "", |id, customer, quantity, price| {
        format!(r#"{{"id":{id},"customer":"customer {customer}","quantity":{quantity},"price":{price}}},"#)
    });
    text.pop();
    text + "]"
}

fn database(path: &Path) -> anyhow::Result<()> {
    let database = rusqlite::Connection::open(path)?;
    let mut all = String::from(
        "BEGIN; CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, quantity INTEGER, price REAL);",
    );
    all += &orders("", "COMMIT;", |id, customer, quantity, price| {
        let mut row = String::new();
        // Writing into a string does not fail.
        let _ = write!(row, "INSERT INTO orders VALUES ({id}, 'customer {customer}', {quantity}, {price});");
        row
    });
    Ok(database.execute_batch(&all)?)
}

fn copy(from: &Path, into: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?.flatten() {
        let target: PathBuf = into.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
