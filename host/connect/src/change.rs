//! The change of one file: read, edited, shown, written.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use similar::TextDiff;

use crate::{
    clients::{Client, EntryName, Server},
    edit,
    error::ConnectError,
};

/// The largest file of a client. Claude Code keeps more than its settings in its own.
const MAX_FILE: u64 = 64 << 20;
/// Lines around a change: other lines of such files may hold secrets.
const CONTEXT: usize = 2;

/// The entry alone, as it stands in a file that holds nothing else.
///
/// # Errors
/// The client's file takes no such server.
pub fn entry(client: Client, name: &EntryName, server: &Server) -> Result<String, ConnectError> {
    let entry = client.entry(name, server)?;
    let edited = edit::set("", client.format(), client.table(), name.as_str(), &entry);
    edited.map_err(|source| ConnectError::Edit { path: client.file().unwrap_or_default(), source })
}

/// An entry that is about to be put into a client's file.
#[derive(Clone, Debug)]
pub struct Change {
    client: Client,
    path: PathBuf,
    before: Option<String>,
    after: String,
}

impl Change {
    /// Reads the client's file, that of the user unless one is named, and puts the entry in.
    ///
    /// # Errors
    /// The file cannot be found or read, or cannot be edited without loss; or it takes no such server.
    pub fn prepare(
        client: Client,
        name: &EntryName,
        server: &Server,
        file: Option<PathBuf>,
    ) -> Result<Self, ConnectError> {
        let entry = client.entry(name, server)?;
        let path = file.or_else(|| client.file()).ok_or(ConnectError::NoHome)?;
        // A file that is kept elsewhere and linked stays linked.
        let path = path.canonicalize().unwrap_or(path);
        let before = read(&path)?;
        let text = before.as_deref().unwrap_or_default();
        let edited = edit::set(text, client.format(), client.table(), name.as_str(), &entry);
        let after = edited.map_err(|source| ConnectError::Edit { path: path.clone(), source })?;
        Ok(Self { client, path, before, after })
    }

    /// The client's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file has this entry already.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before.as_ref() == Some(&self.after)
    }

    /// The unified diff.
    #[must_use]
    pub fn diff(&self) -> String {
        let shown = self.path.display().to_string();
        let diff = TextDiff::from_lines(self.before.as_deref().unwrap_or_default(), &self.after);
        diff.unified_diff().context_radius(CONTEXT).header(&shown, &shown).to_string()
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// It changed since it was read, or cannot be written.
    pub fn write(&self) -> Result<(), ConnectError> {
        if read(&self.path)? != self.before {
            return Err(ConnectError::Changed { path: self.path.clone(), client: self.client.title() });
        }
        self.put().map_err(|source| ConnectError::Write { path: self.path.clone(), source })
    }

    fn put(&self) -> std::io::Result<()> {
        if let Some(directory) = self.path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        // Such files hold credentials, whoever else may have read them so far.
        let mode = std::fs::metadata(&self.path).map_or(0o600, |metadata| metadata.permissions().mode() & 0o777);
        tandem_files::atomic_write(&self.path, self.after.as_bytes(), mode)
    }
}

/// The text of a file; none where there is none.
fn read(path: &Path) -> Result<Option<String>, ConnectError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = tandem_files::read_regular(path, MAX_FILE);
    let bytes = bytes.map_err(|source| ConnectError::Read { path: path.to_owned(), source })?;
    String::from_utf8(bytes).map(Some).map_err(|_| ConnectError::NotText(path.to_owned()))
}
