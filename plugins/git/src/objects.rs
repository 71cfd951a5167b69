//! Objects by id: loose ones, those of packs, and those of repositories that objects are borrowed from (alternates). Each is
//! checked against its id, so that what a damaged or forged pack says is never believed.

use std::{
    cell::RefCell,
    collections::HashMap,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    rc::Rc,
};

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::Kind;
use gix_zlib::{Decompress, stream::inflate};
use tandem_sdk::prelude::*;

use crate::{
    limits::{
        MAX_ALTERNATE_DEPTH, MAX_ALTERNATES, MAX_CACHED_BYTES, MAX_CACHED_OBJECT_BYTES, MAX_OBJECT_BYTES, MAX_PACKS,
        MAX_TEXT_FILE_BYTES,
    },
    object::{Object, too_large},
    pack::Pack,
    place,
};

/// The objects of a repository.
#[derive(Debug)]
pub(crate) struct Objects {
    /// Its own directory first, then those that it borrows from.
    directories: Vec<PathBuf>,
    packs: Vec<Pack>,
    /// Directories to borrow from that cannot be reached.
    unreachable: Vec<String>,
    cache: RefCell<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    objects: HashMap<ObjectId, Rc<Object>>,
    bytes: usize,
}

impl Objects {
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        let mut objects = Self {
            directories: vec![directory.to_owned()],
            packs: Vec::new(),
            unreachable: Vec::new(),
            cache: RefCell::default(),
        };
        objects.add_alternates(directory, 0)?;
        for directory in &objects.directories {
            let packs = directory.join("pack");
            for (name, _) in place::list(&packs, MAX_PACKS * 8)? {
                if let Some(stem) = name.strip_suffix(".idx") {
                    objects.packs.push(Pack::new(packs.join(&name), packs.join(format!("{stem}.pack"))));
                }
            }
        }
        if objects.packs.len() > MAX_PACKS {
            return Err(Error::failed(format!("the repository has more than {MAX_PACKS} packs: run `git gc` there")));
        }
        Ok(objects)
    }

    fn add_alternates(&mut self, directory: &Path, depth: usize) -> Result<()> {
        let Some(list) = place::read_if_there(&directory.join("info/alternates"), MAX_TEXT_FILE_BYTES)? else {
            return Ok(());
        };
        for line in String::from_utf8_lossy(&list).lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match place::relative(directory, line).filter(|alternate| alternate.is_dir()) {
                Some(alternate) if self.directories.contains(&alternate) => {}
                Some(alternate) if depth < MAX_ALTERNATE_DEPTH && self.directories.len() < MAX_ALTERNATES => {
                    self.directories.push(alternate.clone());
                    self.add_alternates(&alternate, depth + 1)?;
                }
                _ if self.unreachable.len() < MAX_ALTERNATES => self.unreachable.push(line.to_owned()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The object `id`.
    pub(crate) fn find(&self, id: ObjectId) -> Result<Rc<Object>> {
        if let Some(object) = self.cache.borrow().objects.get(&id) {
            return Ok(Rc::clone(object));
        }
        let object = self.read(id)?.ok_or_else(|| self.missing(id))?;
        let is = gix_object::compute_hash(Hash::Sha1, object.kind, &object.data)
            .map_err(|error| Error::failed(format!("object {id}: {error}")))?;
        if is != id {
            return Err(Error::failed(format!("object {id} is damaged: its content has the id {is}")));
        }
        let object = Rc::new(object);
        self.remember(id, &object);
        Ok(object)
    }

    /// The object `id`, which must be of this kind.
    pub(crate) fn find_kind(&self, id: ObjectId, kind: Kind) -> Result<Rc<Object>> {
        let object = self.find(id)?;
        if object.kind != kind {
            return Err(Error::failed(format!("object {id} is a {}, where a {kind} is expected", object.kind)));
        }
        Ok(object)
    }

    pub(crate) fn contains(&self, id: ObjectId) -> Result<bool> {
        if self.loose(id).is_some() {
            return Ok(true);
        }
        for pack in &self.packs {
            if pack.offset_of(id)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Up to two ids that begin with `prefix`, in hexadecimal digits.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Result<Vec<ObjectId>> {
        let mut found = Vec::new();
        let (head, tail) = prefix.split_at_checked(2).unwrap_or((prefix, ""));
        for directory in &self.directories {
            for (name, _) in place::list(&directory.join(head), MAX_PACKS * 1_000)? {
                if name.starts_with(tail)
                    && let Ok(id) = ObjectId::from_hex(format!("{head}{name}").as_bytes())
                {
                    found.push(id);
                }
            }
        }
        for pack in &self.packs {
            pack.with_prefix(prefix, &mut found)?;
        }
        found.sort();
        found.dedup();
        found.truncate(2);
        Ok(found)
    }

    fn missing(&self, id: ObjectId) -> Error {
        Error::not_found(match self.unreachable.as_slice() {
            [] => format!("object {id} is not in the repository; a shallow or partial clone lacks objects"),
            [first, ..] => format!(
                "object {id} is not in the repository, which borrows objects from `{first}`: that is an absolute path or \
                 outside of the granted directories"
            ),
        })
    }

    fn remember(&self, id: ObjectId, object: &Rc<Object>) {
        if object.data.len() > MAX_CACHED_OBJECT_BYTES {
            return;
        }
        let mut cache = self.cache.borrow_mut();
        if cache.bytes + object.data.len() > MAX_CACHED_BYTES {
            *cache = Cache::default();
        }
        cache.bytes += object.data.len();
        cache.objects.insert(id, Rc::clone(object));
    }

    fn loose(&self, id: ObjectId) -> Option<PathBuf> {
        let hex = id.to_string();
        let (head, tail) = hex.split_at_checked(2)?;
        self.directories.iter().map(|directory| directory.join(head).join(tail)).find(|path| path.is_file())
    }

    fn read(&self, id: ObjectId) -> Result<Option<Object>> {
        if let Some(path) = self.loose(id) {
            return read_loose(&path).map(Some);
        }
        for pack in &self.packs {
            if let Some(offset) = pack.offset_of(id)? {
                return pack.read(offset).map(Some);
            }
        }
        Ok(None)
    }
}

fn read_loose(path: &Path) -> Result<Object> {
    /// `commit 18446744073709551615\0` and some of the content.
    const HEAD: usize = 64;
    let damaged = |why: String| Error::failed(format!("the object `{}` is damaged: {why}", place::shown(path)));
    let file = File::open(path).map_err(|error| place::failed(path, &error))?;
    let (mut file, mut state) = (BufReader::with_capacity(32 << 10, file), Decompress::new());
    let mut head = vec![0; HEAD];
    let read = inflate::read(&mut file, &mut state, &mut head).map_err(|error| damaged(error.to_string()))?;
    head.truncate(read);
    let (kind, size, start) = gix_object::decode::loose_header(&head)
        .map_err(|error| damaged(format!("its header is not valid: {error}")))?;
    if size > MAX_OBJECT_BYTES {
        return Err(too_large(&format!("the object `{}`", place::shown(path)), size));
    }
    let mut data = head.split_off(start);
    let had = data.len();
    let size = usize::try_from(size).map_err(|_| too_large("an object", size))?;
    if had > size {
        return Err(damaged("it is longer than its header says".to_owned()));
    }
    data.resize(size, 0);
    let rest = data.get_mut(had..).unwrap_or_default();
    let read = inflate::read(&mut file, &mut state, rest).map_err(|error| damaged(error.to_string()))?;
    if had + read != size {
        return Err(damaged("it is shorter than its header says".to_owned()));
    }
    Ok(Object { kind, data })
}
