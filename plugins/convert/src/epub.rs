//! E-books (EPUB 2 and 3) as Markdown or text.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use tandem_html_text::Syntax;
use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::files::{Package, resolve};
use crate::html;
use crate::limits::MAX_CONVERTED_BYTES;
use crate::xml::{Node, attribute, walk};

const CONTAINER: &str = "META-INF/container.xml";

/// What the package document says: title, authors, and the chapters in the order in which they are read.
#[derive(Default)]
struct Book {
    title: String,
    authors: Vec<String>,
    chapters: Vec<String>,
}

/// The title, the authors and the text of all chapters.
pub(crate) fn epub(call: Call<'_>, path: &str, bytes: &[u8], markdown: bool) -> Result<String> {
    let mut package = Package::open(call, path, bytes)?;
    let book = book(path, &mut package)?;
    let mut out = String::new();
    if !book.title.is_empty() {
        out.push_str(&if markdown { format!("# {}\n\n", book.title) } else { format!("{}\n", book.title) });
    }
    for author in &book.authors {
        out.push_str(&if markdown { format!("- Author: {author}\n") } else { format!("Author: {author}\n") });
    }
    for (index, name) in book.chapters.iter().enumerate() {
        call.check()?;
        call.progress(index as f64, Some(book.chapters.len() as f64), "chapters");
        if !out.is_empty() && !out.ends_with("\n\n") {
            out.push('\n');
        }
        let chapter = package.part(name)?;
        out.push_str(&html::render(&format!("`{path}`, part `{name}`"), &chapter, Syntax::Xhtml, markdown)?);
        if out.len() > MAX_CONVERTED_BYTES {
            return Err(Error::invalid_arguments(format!(
                "path: `{path}` becomes more than {MAX_CONVERTED_BYTES} bytes of text"
            )));
        }
    }
    Ok(out)
}

/// The part that is the package document.
fn root(path: &str, package: &mut Package<'_>) -> Result<String> {
    if !package.has(CONTAINER) {
        return Err(Error::invalid_arguments(format!("path: `{path}` has no part `{CONTAINER}`: not an e-book")));
    }
    let mut root = None;
    walk(&format!("part `{CONTAINER}`"), &package.part(CONTAINER)?, |node| {
        if let Node::Start("rootfile", element) = node {
            root = root.take().or_else(|| attribute(element, "full-path"));
        }
        Ok(())
    })?;
    let root = root.map(|name| resolve("", &name)).filter(|name| package.has(name));
    root.ok_or_else(|| Error::invalid_arguments(format!("path: `{path}`: `{CONTAINER}` names no package document")))
}

fn book(path: &str, package: &mut Package<'_>) -> Result<Book> {
    let root = root(path, package)?;
    let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut book, mut field) = (Book::default(), None);
    let (mut items, mut seen) = (HashMap::new(), HashSet::new());
    walk(&format!("part `{root}`"), &package.part(&root)?, |node| {
        match node {
            Node::Start("title", _) if book.title.is_empty() => field = Some("title"),
            Node::Start("creator", _) => {
                book.authors.push(String::new());
                field = Some("creator");
            }
            Node::End("title" | "creator") => field = None,
            Node::Text(text) => match field {
                Some("title") => book.title.push_str(text),
                Some(_) => book.authors.iter_mut().next_back().into_iter().for_each(|author| author.push_str(text)),
                None => {}
            },
            Node::Start("item", element) => {
                if let (Some(id), Some(target)) = (attribute(element, "id"), attribute(element, "href")) {
                    let target = percent_decode_str(&target).decode_utf8_lossy().into_owned();
                    items.insert(id, resolve(folder, &target));
                }
            }
            Node::Start("itemref", element) => {
                let id = attribute(element, "idref").unwrap_or_default();
                let name = items.get(&id).filter(|name| package.has(name)).ok_or_else(|| {
                    let number = book.chapters.len() + 1;
                    Error::invalid_arguments(format!("path: `{path}`: chapter {number} (`{id}`) is missing"))
                })?;
                if !seen.insert(name.clone()) {
                    return Err(Error::invalid_arguments(format!("path: `{path}` lists the chapter `{name}` twice")));
                }
                book.chapters.push(name.clone());
            }
            Node::Start(..) | Node::End(_) => {}
        }
        Ok(())
    })?;
    book.title = one_line(&book.title);
    book.authors.iter_mut().for_each(|author| *author = one_line(author));
    Ok(book)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
