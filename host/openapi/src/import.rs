//! The whole of a document as a plugin.

use std::collections::BTreeMap;

use tandem_operations::{Bundle, Operations};
use tandem_package::MAX_TOOLS;
use tandem_types::Name;

use crate::{
    ImportError, MAX_OPERATIONS, Note,
    document::{At, Document},
    manifest::{self, Used},
    name::Names,
    select::{Candidate, select},
    server::Server,
    text::snake_case,
    tool::{self, Source},
};

/// The methods of a path, as a document spells them and as requests do. `trace` is not sent by any plugin.
const METHODS: [(&str, &str); 7] = [
    ("get", "GET"),
    ("head", "HEAD"),
    ("post", "POST"),
    ("put", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
];

/// What is imported.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The plugin's name; without it, of the document's title.
    pub name: Option<Name>,
    /// Operations by id, glob, `METHOD /path` or `tag:NAME`; all of them where there is none.
    pub include: Vec<String>,
    /// Only what is read with GET and HEAD.
    pub read_only: bool,
    /// The server, in place of the document's.
    pub server: Option<String>,
}

/// A plugin of data.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its name.
    pub name: Name,
    /// The text of `plugin.toml`.
    pub manifest: String,
    /// What is in `operations.json`.
    pub operations: Operations,
    /// What is left out.
    pub notes: Vec<Note>,
    /// Whether a server is one that secrets are not sent to.
    pub is_plain: bool,
}

/// Reads a document, and makes a plugin of it.
///
/// # Errors
/// The document is not one of OpenAPI 3.0 or 3.1, or nothing of it can be imported. An operation that cannot be is in the notes.
pub fn import(document: &[u8], options: &Options) -> Result<Import, ImportError> {
    let document = Document::parse(document)?;
    let sources = sources(&document)?;
    let candidates: Vec<Candidate<'_>> = sources.iter().map(candidate).collect();
    let chosen = select(&candidates, &options.include, options.read_only)?;
    let chosen: Vec<&Source<'_>> =
        sources.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(source, _)| source).collect();
    if chosen.len() > MAX_TOOLS {
        return Err(ImportError::TooManyTools { found: chosen.len(), limit: MAX_TOOLS });
    }
    let info = document.root().member("info");
    let title = info.as_ref().and_then(|info| info.text("title")).unwrap_or("API");
    let name = name(options, title)?;
    let server = options.server.as_deref().map(Server::parse).transpose()?;
    let (mut used, mut secrets, mut notes, mut names) = (Vec::new(), BTreeMap::new(), Vec::new(), Names::default());
    let mut operations = Operations { source: source(&document, title), ..Operations::default() };
    let category = name.as_str().replace('-', "_");
    for source in chosen {
        let server = match &server {
            Some(server) => server.clone(),
            None => own_server(&document, source)?,
        };
        match tool::make(&document, source, &server) {
            Ok(made) => {
                let name = names.give(&category, source.operation.text("operationId"), source.method, source.path);
                secrets.extend(made.secrets.reasons);
                used.push(Used {
                    server,
                    method: source.method,
                    path: made.tool.operation.path.clone(),
                    has_files: made.has_files,
                });
                operations.tools.insert(name, made.tool);
            }
            Err((pointer, message)) => {
                let operation = format!("{} {}", source.method, tandem_types::text::shown(source.path));
                notes.push(Note { operation, pointer, message });
            }
        }
    }
    if operations.tools.is_empty() {
        return Err(ImportError::Nothing(notes.first().map(|note| format!(": {note}")).unwrap_or_default()));
    }
    // What does not fit is known before anything is written.
    Bundle::encode(&operations).map_err(|error| ImportError::Manifest(error.to_string()))?;
    let description = info.as_ref().and_then(|info| info.text("description")).filter(|text| !text.trim().is_empty());
    let description = description.map_or_else(|| format!("The API {title}."), str::to_owned);
    let manifest = manifest::write(&name, "0.1.0", title, &description, &used, &secrets)?;
    let is_plain = !secrets.is_empty() && used.iter().any(|used| !used.server.is_tls);
    Ok(Import { name, manifest, operations, notes, is_plain })
}

/// Every operation, by path and method.
fn sources(document: &Document) -> Result<Vec<Source<'_>>, ImportError> {
    let mut sources = Vec::new();
    let root = document.root();
    for (path, item) in root.member("paths").iter().flat_map(At::members) {
        // A path item may be a reference; one that leads nowhere has no operations.
        let Ok(item) = document.resolve(item) else { continue };
        for (key, method) in METHODS {
            if let Some(operation) = item.member(key).filter(|operation| operation.value.is_object()) {
                sources.push(Source { method, path, item: item.clone(), operation });
            }
        }
        if sources.len() > MAX_OPERATIONS {
            return Err(ImportError::TooManyOperations);
        }
    }
    sources.sort_by_key(|source| (source.path, source.method));
    Ok(sources)
}

fn candidate<'d>(source: &Source<'d>) -> Candidate<'d> {
    let tags = source.operation.member("tags");
    let tags = tags.iter().flat_map(At::items).filter_map(|tag| tag.value.as_str()).collect();
    Candidate { method: source.method, path: source.path, id: source.operation.text("operationId"), tags }
}

fn name(options: &Options, title: &str) -> Result<Name, ImportError> {
    if let Some(name) = &options.name {
        return Ok(name.clone());
    }
    let own: String = snake_case(title).replace('_', "-").chars().take(24).collect();
    let own = own.trim_matches('-');
    let own = own.strip_suffix("-api").unwrap_or(own);
    own.parse().map_err(|_| ImportError::Manifest(format!("`{own}` is not a name; give one with --name")))
}

/// The server of an operation: its own, that of its path, or that of the document.
fn own_server(document: &Document, source: &Source<'_>) -> Result<Server, ImportError> {
    for at in [&source.operation, &source.item, &document.root()] {
        if let Some(server) = Server::first(at)? {
            return Ok(server);
        }
    }
    Err(ImportError::Server("the document names no server".to_owned()))
}

fn source(document: &Document, title: &str) -> String {
    let info = document.root().member("info");
    let version = info.as_ref().and_then(|info| info.text("version")).unwrap_or_default();
    crate::text::cut(&format!("{title} {version}"), 200)
}
