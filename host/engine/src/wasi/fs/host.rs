//! The functions of `wasi:filesystem`, each behind the gate.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::{
    filesystem::Descriptor,
    p2::{
        DynInputStream, DynOutputStream, FsError, FsResult,
        bindings::filesystem::{
            preopens,
            types::{self, DescriptorFlags, ErrorCode, HostDescriptor, HostDirectoryEntryStream, OpenFlags, PathFlags},
        },
    },
};

use super::{
    files::{Fd, Files},
    open::{Granted, Opened},
    stream::{Gated, Refused, WRITE},
};
use crate::{error::RunError, state::CallState};

/// Puts our file system in the place of wasmtime-wasi's.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    preopens::add_to_linker::<CallState, FilesData>(linker, CallState::files)?;
    types::add_to_linker::<CallState, FilesData>(linker, CallState::files)
}

struct FilesData;

impl HasData for FilesData {
    type Data<'a> = Files<'a>;
}

impl preopens::Host for Files<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        if let Some(exhausted) = &self.refused {
            return Err(RunError::from(exhausted.clone()).into());
        }
        let directories = preopens::Host::get_directories(&mut self.wasi())?;
        for (fd, path) in &directories {
            let name = path.trim_start_matches('/');
            let Some(directory) = self.capability.directories.iter().find(|directory| directory.name == name) else {
                continue;
            };
            let usage = self.usage.of(&directory.path);
            let granted = Granted { name: name.to_owned(), quota: directory.quota, usage };
            self.open.0.insert(fd.rep(), Opened { granted: Arc::new(granted), depth: 0, held: None });
        }
        Ok(directories)
    }
}

impl types::Host for Files<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.wasi().convert_error_code(error)
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        if let Some(refused) = self.table.get(&error)?.downcast_ref::<Refused>() {
            return Ok(Some(refused.code()));
        }
        self.wasi().filesystem_error_code(error)
    }
}

impl HostDescriptor for Files<'_> {
    async fn advise(&mut self, fd: Fd, offset: u64, len: u64, advice: types::Advice) -> FsResult<()> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().advise(fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().sync_data(fd).await
    }

    async fn get_flags(&mut self, fd: Fd) -> FsResult<DescriptorFlags> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Fd) -> FsResult<types::DescriptorType> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().get_type(fd).await
    }

    async fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let (granted, _place) = self.enter(&fd, true).await?;
        let now = self.wasi().stat(Resource::new_borrow(fd.rep())).await?.size;
        self.grow(&granted, size.saturating_sub(now), 0).await?;
        self.wasi().set_size(fd, size).await
    }

    async fn set_times(&mut self, fd: Fd, atim: types::NewTimestamp, mtim: types::NewTimestamp) -> FsResult<()> {
        let _place = self.enter(&fd, true).await?;
        self.wasi().set_times(fd, atim, mtim).await
    }

    async fn read(&mut self, fd: Fd, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().read(fd, len, offset).await
    }

    async fn write(&mut self, fd: Fd, buf: Vec<u8>, offset: u64) -> FsResult<u64> {
        let (granted, _place) = self.enter(&fd, true).await?;
        let end = offset.saturating_add(buf.len() as u64);
        let now = self.wasi().stat(Resource::new_borrow(fd.rep())).await?.size;
        self.grow(&granted, end.saturating_sub(now), 0).await?;
        self.wasi().write(fd, buf, offset).await
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<types::DirectoryEntryStream>> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().read_directory(fd).await
    }

    async fn sync(&mut self, fd: Fd) -> FsResult<()> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().sync(fd).await
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (granted, _place) = self.enter(&fd, true).await?;
        self.level(&fd, &path)?;
        self.grow(&granted, 0, 1).await?;
        self.wasi().create_directory_at(fd, path).await
    }

    async fn stat(&mut self, fd: Fd) -> FsResult<types::DescriptorStat> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().stat(fd).await
    }

    async fn stat_at(&mut self, fd: Fd, flags: PathFlags, path: String) -> FsResult<types::DescriptorStat> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().stat_at(fd, flags, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        atim: types::NewTimestamp,
        mtim: types::NewTimestamp,
    ) -> FsResult<()> {
        let _place = self.enter(&fd, true).await?;
        self.wasi().set_times_at(fd, flags, path, atim, mtim).await
    }

    async fn link_at(&mut self, fd: Fd, flags: PathFlags, old: String, new_fd: Fd, new: String) -> FsResult<()> {
        let ((from, _place), to) = (self.enter(&fd, true).await?, self.gate(&new_fd, true)?);
        self.same(&from, &to)?;
        self.level(&new_fd, &new)?;
        self.grow(&to, 0, 1).await?;
        self.wasi().link_at(fd, flags, old, new_fd, new).await
    }

    async fn open_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let creates = open_flags.contains(OpenFlags::CREATE);
        let writes = creates
            || open_flags.contains(OpenFlags::TRUNCATE)
            || flags.intersects(DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY);
        // A directory is asked for with every right that there may be; each use of it passes the gate anew.
        let (granted, _place) = self.enter(&fd, writes && !flags.contains(DescriptorFlags::MUTATE_DIRECTORY)).await?;
        let depth = self.level(&fd, &path)?;
        self.check_kind(&fd, path_flags, &path).await?;
        if writes {
            // The first write to a stream cannot wait for a count.
            granted.usage.prepare(WRITE, 0, granted.quota).await;
        }
        if creates {
            self.grow(&granted, 0, 1).await?;
        }
        let held = Some(self.descriptor()?);
        let opened = self.wasi().open_at(fd, path_flags, path, open_flags, flags).await?;
        if let Descriptor::File(file) = self.table.get(&opened).map_err(FsError::trap)? {
            granted.usage.opened(&file.file);
        }
        self.open.0.insert(opened.rep(), Opened { granted, depth, held });
        Ok(opened)
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().readlink_at(fd, path).await
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let _place = self.enter(&fd, true).await?;
        self.wasi().remove_directory_at(fd, path).await
    }

    async fn rename_at(&mut self, fd: Fd, old: String, new_fd: Fd, new: String) -> FsResult<()> {
        let ((from, _place), to) = (self.enter(&fd, true).await?, self.gate(&new_fd, true)?);
        self.same(&from, &to)?;
        self.level(&new_fd, &new)?;
        self.wasi().rename_at(fd, old, new_fd, new).await
    }

    async fn symlink_at(&mut self, fd: Fd, old: String, new: String) -> FsResult<()> {
        let (granted, _place) = self.enter(&fd, true).await?;
        self.level(&fd, &new)?;
        self.grow(&granted, 0, 1).await?;
        self.wasi().symlink_at(fd, old, new).await
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let _place = self.enter(&fd, true).await?;
        self.wasi().unlink_file_at(fd, path).await
    }

    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>> {
        let granted = self.gate(&fd, false)?;
        let held = self.held(&fd);
        let stream = self.wasi().read_via_stream(fd, offset)?;
        let inner = self.table.delete(stream).map_err(FsError::trap)?;
        let gated: DynInputStream = Box::new(Gated::new(inner, granted, self.gate.clone(), held));
        self.table.push(gated).map_err(FsError::trap)
    }

    fn write_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        let granted = self.gate(&fd, true)?;
        let held = self.held(&fd);
        let stream = self.wasi().write_via_stream(fd, offset)?;
        self.gated(stream, granted, held)
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let granted = self.gate(&fd, true)?;
        let held = self.held(&fd);
        let stream = self.wasi().append_via_stream(fd)?;
        self.gated(stream, granted, held)
    }

    async fn is_same_object(&mut self, a: Fd, b: Fd) -> wasmtime::Result<bool> {
        self.wasi().is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, fd: Fd) -> FsResult<types::MetadataHashValue> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().metadata_hash(fd).await
    }

    async fn metadata_hash_at(&mut self, fd: Fd, flags: PathFlags, path: String) -> FsResult<types::MetadataHashValue> {
        let _place = self.enter(&fd, false).await?;
        self.wasi().metadata_hash_at(fd, flags, path).await
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.open.0.remove(&fd.rep());
        HostDescriptor::drop(&mut self.wasi(), fd)
    }
}

impl HostDirectoryEntryStream for Files<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        self.wasi().read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.wasi(), stream)
    }
}
