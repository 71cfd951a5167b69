//! Writes the entries of an archive as files.

use std::io::{Read, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_granted_folders::{Folders, Location};

use crate::{
    check::{Checker, Problem},
    entry::{Item, Kind, Visitor},
    fault::{Fault, Result},
    format::Format,
    limits::{CHUNK_BYTES, MAX_NAMED, MAX_PATHS},
    meter::Meter,
    pattern::Patterns,
    source::{Archive, Purpose},
    staging::Staging,
};

/// What is done with an entry that is not safe to extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnUnsafe {
    /// The call fails and writes nothing.
    #[default]
    Refuse,
    /// It is left out, and named in `skipped`.
    Skip,
}

/// What is extracted, and how.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) to: Option<&'a str>,
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) on_unsafe: OnUnsafe,
    pub(crate) overwrite: bool,
}

/// An entry that was left out.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Skipped {
    /// Its name.
    name: String,
    /// Why.
    problem: Problem,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Extracted {
    /// The archive's format.
    format: Format,
    /// The folder that was written to.
    to: String,
    /// Files that were written.
    files: u64,
    /// Folders of the archive, those above of files included.
    folders: u64,
    /// Bytes that were written.
    bytes: u64,
    /// The paths of the files, the first 50.
    paths: Vec<String>,
    /// Unsafe entries that were left out, the first 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Skipped>,
    /// All unsafe entries that were left out.
    #[serde(skip_serializing_if = "is_zero")]
    total_skipped: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

struct Extractor {
    include: Patterns,
    exclude: Patterns,
    on_unsafe: OnUnsafe,
    checker: Checker,
    staging: Staging,
    buffer: Vec<u8>,
    result: Extracted,
}

/// Extracts an archive, all of what was asked for or nothing.
pub(crate) fn extract(request: Request<'_>, meter: &Meter<'_>) -> Result<Extracted> {
    let include = Patterns::new("include", request.include)?;
    let exclude = Patterns::new("exclude", request.exclude)?;
    let archive = Archive::open(request.path, meter)?;
    let to = destination(&archive, request.to)?;
    let result = Extracted {
        format: archive.format,
        to: to.path.clone(),
        files: 0,
        folders: 0,
        bytes: 0,
        paths: Vec::new(),
        skipped: Vec::new(),
        total_skipped: 0,
    };
    let mut extractor = Extractor {
        include,
        exclude,
        on_unsafe: request.on_unsafe,
        checker: Checker::default(),
        staging: Staging::new(&to)?,
        buffer: vec![0; CHUNK_BYTES],
        result,
    };
    archive.walk(Purpose::Data, &mut extractor)?;
    extractor.include.all_used("include")?;
    let Extractor { staging, mut result, .. } = extractor;
    result.folders = staging.folders();
    meter.check()?;
    staging.commit(request.overwrite)?;
    Ok(result)
}

/// The folder that is asked for; if none, one beside the archive that has its name.
fn destination(archive: &Archive<'_>, to: Option<&str>) -> Result<Location> {
    if let Some(to) = to {
        return Ok(Folders::granted().locate("to", to)?);
    }
    let location = archive.location();
    let unknown = || Fault::Argument(format!("give `to`: `{}` does not tell a folder", location.path));
    let beside = location.parent().ok_or_else(unknown)?;
    if archive.format.is_single() {
        return Ok(beside);
    }
    let (_, stem) = Format::of_name(location.name()).ok_or_else(unknown)?;
    if stem.is_empty() { Err(unknown()) } else { Ok(beside.join(stem)) }
}

impl Extractor {
    fn wanted(&mut self, name: &str) -> bool {
        (self.include.is_empty() || self.include.matches(name)) && !self.exclude.matches(name)
    }

    fn leave_out(&mut self, item: &Item, problem: Problem) -> Result<()> {
        if self.on_unsafe == OnUnsafe::Refuse {
            return Err(Fault::Unsafe(format!(
                "entry `{}` {}; nothing was written. `on_unsafe`: `skip` leaves such entries out",
                item.name,
                problem.words()
            )));
        }
        self.result.total_skipped += 1;
        if self.result.skipped.len() < MAX_NAMED {
            self.result.skipped.push(Skipped { name: item.name.clone(), problem });
        }
        Ok(())
    }

    fn write(&mut self, name: &str, data: &mut dyn Read) -> Result<()> {
        let mut file = self.staging.file(name)?;
        loop {
            let read = data.read(&mut self.buffer);
            let read = read.map_err(|error| Fault::reading(&format!("entry `{name}`"), error))?;
            if read == 0 {
                break;
            }
            let chunk = self.buffer.get(..read).unwrap_or_default();
            file.write_all(chunk).map_err(|error| Fault::io(&self.staging.shown(name), error))?;
            self.result.bytes += read as u64;
        }
        self.result.files += 1;
        if self.result.paths.len() < MAX_PATHS {
            self.result.paths.push(self.staging.shown(name));
        }
        Ok(())
    }
}

impl Visitor for Extractor {
    fn visit(&mut self, item: &Item, data: &mut dyn Read) -> Result<()> {
        let checked = self.checker.check(item)?;
        let name = checked.as_ref().map_or(item.name.as_str(), String::as_str);
        if !self.wanted(name) {
            return Ok(());
        }
        match (checked, item.kind) {
            (Err(problem), _) => self.leave_out(item, problem),
            (Ok(name), Kind::Folder) => self.staging.folder(&name),
            (Ok(name), _) => self.write(&name, data),
        }
    }
}
