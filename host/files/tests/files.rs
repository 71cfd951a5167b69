//! Files are whole for every reader, and no reader waits.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, SystemTime},
};

use tandem_files::{ABANDONED, ReadError, Staged, atomic_write, read_regular, sweep};

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Each thread writes one letter, of a length of its own; a mixture of two is neither.
#[test]
fn many_threads_that_write_one_file_leave_one_whole_content_at_any_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    atomic_write(&path, b"aaa", 0o600).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8_u8)
            .map(|writer| {
                let path = &path;
                scope.spawn(move || {
                    let content = vec![b'a' + writer; 10_000 + 5_000 * usize::from(writer)];
                    (0..25).for_each(|_| atomic_write(path, &content, 0o600).unwrap());
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let seen = fs::read(&path).unwrap();
                let letter = seen[0];
                assert!(seen.iter().all(|byte| *byte == letter), "parts of two contents");
                let expected = if seen.len() == 3 { 3 } else { 10_000 + 5_000 * usize::from(letter - b'a') };
                assert_eq!(seen.len(), expected, "a part of a content");
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(names(directory.path()), ["file"], "no temporary file is left");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn one_of_many_threads_makes_a_new_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let made: usize = std::thread::scope(|scope| {
        let put = |n: u8| Staged::new(&path, &[n; 32], 0o600).unwrap().put_new().is_ok();
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || put(n))).collect();
        threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
    });
    assert_eq!((made, names(directory.path())), (1, vec!["key".to_owned()]));
    assert_eq!(fs::read(&path).unwrap().len(), 32);
}

#[test]
fn what_cannot_be_put_in_its_place_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("taken/inside")).unwrap();
    assert!(atomic_write(&directory.path().join("taken"), b"x", 0o644).is_err());
    drop(Staged::new(&directory.path().join("other"), b"x", 0o644).unwrap());
    assert_eq!(names(directory.path()), ["taken"]);
    assert!(atomic_write(&directory.path().join("nowhere/file"), b"x", 0o644).is_err());
}

#[test]
fn what_killed_writers_left_goes_and_what_is_being_written_stays() {
    let directory = tempfile::tempdir().unwrap();
    let staged = Staged::new(&directory.path().join("plugin.wasm"), b"now", 0o644).unwrap();
    let young = names(directory.path());
    let file = |name: &str, age: Duration| {
        let file = fs::File::create(directory.path().join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    file(&young[0].replace("plugin", "killed"), ABANDONED * 2);
    file("plugin.wasm", ABANDONED * 2);
    file(".hidden", ABANDONED * 2);
    fs::create_dir(directory.path().join(".directory.tandem-tmp")).unwrap();
    sweep(directory.path());
    let mut left = vec![".directory.tandem-tmp".to_owned(), ".hidden".to_owned(), "plugin.wasm".to_owned()];
    left.extend(young);
    left.sort();
    assert_eq!(names(directory.path()), left);
    staged.put().unwrap();
    assert_eq!(fs::read(directory.path().join("plugin.wasm")).unwrap(), b"now");
}

/// Answers before anybody would write into the pipe.
fn read(path: &Path, max: u64) -> Result<Vec<u8>, ReadError> {
    let (path, (sender, receiver)) = (path.to_owned(), mpsc::sync_channel(1));
    std::thread::spawn(move || sender.send(read_regular(&path, max)));
    receiver.recv_timeout(Duration::from_secs(30)).expect("the reader waits")
}

#[test]
fn only_regular_files_are_read_and_nobody_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("file"), b"12345").unwrap();
    symlink(at("file"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    symlink(at("loop"), at("loop")).unwrap();
    symlink("/dev/zero", at("zero")).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
    assert!(made.success());
    symlink(at("pipe"), at("to-pipe")).unwrap();

    assert_eq!(read(&at("file"), 5).unwrap(), b"12345");
    assert_eq!(read(&at("link"), 5).unwrap(), b"12345");
    assert!(matches!(read(&at("file"), 4), Err(ReadError::TooLarge(4))));
    assert!(matches!(read(&at("dangling"), 5), Err(ReadError::Dangling)));
    assert!(read(&at("nowhere"), 5).unwrap_err().is_not_found());
    assert!(matches!(read(&at("loop"), 5), Err(ReadError::Io(_))));
    for (name, kind) in
        [("pipe", "a named pipe"), ("to-pipe", "a named pipe"), ("socket", "a socket"), ("zero", "a device")]
    {
        let error = read(&at(name), 5).unwrap_err();
        assert_eq!(error.to_string(), format!("it is {kind}, not a regular file"), "{name}");
    }
    assert!(matches!(read(directory.path(), 5), Err(ReadError::NotRegular("a directory"))));
}
