//! A plugin that reads and writes any path it is given: the host refuses what is not granted.

use std::{
    fs,
    io::{Read as _, Write as _},
    thread,
    time::Duration,
};

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Reader;

#[tools]
impl Reader {
    /// Reads a file as text.
    #[tool(read_only, idempotent)]
    fn read_file(path: &str) -> Result<String> {
        fs::read_to_string(path).context(path)
    }

    /// Writes a file.
    #[tool(destructive, idempotent)]
    fn write_file(path: &str, text: &str) -> Result<()> {
        fs::write(path, text).context(path)
    }

    /// Lists a directory, sorted.
    #[tool(read_only, idempotent)]
    fn list_directory(path: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path).context(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Links a path to another one, and reads through the link.
    #[tool(destructive)]
    fn read_through_link(target: &str, link: &str) -> Result<String> {
        fs::hard_link(target, link).context(link)?;
        fs::read_to_string(link).context(link)
    }

    /// Opens a file many times at once, and answers how often it could.
    #[tool(read_only)]
    fn open_many(path: &str, times: u32) -> Result<usize> {
        let mut files = Vec::new();
        for _ in 0..times {
            match fs::File::open(path) {
                Ok(file) => files.push(file),
                Err(_) if !files.is_empty() => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(files.len())
    }

    /// Opens a file once, and writes to it again and again, with pauses, until that is refused.
    #[tool(destructive)]
    fn write_on_and_on(path: &str) -> Result<()> {
        let mut file = fs::File::create(path).context(path)?;
        loop {
            file.write_all(b"again").context("write")?;
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Opens a file once, and reads it again and again, with pauses, until that is refused.
    #[tool(read_only)]
    fn read_on_and_on(path: &str) -> Result<()> {
        let mut file = fs::File::open(path).context(path)?;
        loop {
            file.read_exact(&mut [0; 1]).context("read")?;
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Writes a file of this many bytes.
    #[tool(destructive, idempotent)]
    fn write_bytes(path: &str, bytes: u32) -> Result<()> {
        fs::write(path, vec![b'x'; usize::try_from(bytes)?]).context(path)
    }

    /// Makes directories below each other, and answers how many it could.
    #[tool(destructive)]
    fn nest(path: &str, levels: u32) -> Result<u32> {
        let mut path = path.to_owned();
        for made in 0..levels {
            path.push_str("/d");
            if fs::create_dir(&path).is_err() {
                return Ok(made);
            }
        }
        Ok(levels)
    }

    /// Moves what is at one path to another one.
    #[tool(destructive)]
    fn move_to(from: &str, to: &str) -> Result<()> {
        fs::rename(from, to).context(to)
    }

    /// Writes a file of this many bytes and removes it while it is open, again and again with pauses of over a second, and
    /// answers how many bytes it holds so in the end.
    #[tool(destructive)]
    fn hold_unlinked(path: &str, bytes: u32, times: u32) -> Result<u64> {
        let block = vec![b'x'; usize::try_from(bytes)?];
        let mut held = Vec::new();
        for _ in 0..times {
            let mut file = fs::File::create(path).context(path)?;
            let _over_the_quota = file.write_all(&block);
            fs::remove_file(path).context(path)?;
            held.push(file);
            thread::sleep(Duration::from_millis(1100));
        }
        let mut sum = 0;
        for file in &held {
            sum += file.metadata()?.len();
        }
        Ok(sum)
    }

    /// Asks for a file's metadata this many times.
    #[tool(read_only)]
    fn stat_many(path: &str, times: u32) -> Result<u64> {
        let mut sum = 0;
        for _ in 0..times {
            sum += fs::metadata(path).context(path)?.len();
        }
        Ok(sum)
    }

    /// Opens a file many times, holds all of them for a while, and answers how often it could.
    #[tool(read_only)]
    fn hold_open(path: &str, times: u32, ms: u32) -> Result<usize> {
        let mut files = Vec::new();
        for _ in 0..times {
            match fs::File::open(path) {
                Ok(file) => files.push(file),
                Err(_) => break,
            }
        }
        thread::sleep(Duration::from_millis(ms.into()));
        Ok(files.len())
    }
}

tandem_sdk::export!(Reader);
