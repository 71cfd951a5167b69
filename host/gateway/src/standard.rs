//! Standard input and output as streams.
//!
//! A client that starts a host gives it pipes, or Unix sockets (as Node.js does). Those are read and written without a thread
//! between: one wake-up for a message, where a blocking read on a thread apart takes three. A terminal or a file has no such
//! way, and keeps its thread.
//!
//! **Promises.** Nobody else's end becomes non-blocking. A pipe is opened once more for that, as a file description of its own;
//! a socket cannot be, so it is only used so where standard error is something else.

use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{FileTypeExt as _, MetadataExt as _},
    },
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{UnixStream, unix::pipe},
};

pub(crate) type Input = Box<dyn AsyncRead + Send + Unpin>;
pub(crate) type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// The process's own streams. Needs a runtime's context.
pub(crate) fn streams() -> (Input, Output) {
    (input(io::stdin().as_fd()), output(io::stdout().as_fd()))
}

fn input(stdin: impl AsFd) -> Input {
    match Kind::of(&stdin) {
        Ok(Kind::Pipe(path)) => pipe::OpenOptions::new().open_receiver(path).map(|pipe| Box::new(pipe) as Input),
        Ok(Kind::Socket(socket)) => socket_stream(socket).map(|socket| Box::new(socket) as Input),
        Ok(Kind::Other) | Err(_) => Ok(Box::new(tokio::io::stdin()) as Input),
    }
    .unwrap_or_else(|_| Box::new(tokio::io::stdin()))
}

fn output(stdout: impl AsFd) -> Output {
    match Kind::of(&stdout) {
        Ok(Kind::Pipe(path)) => pipe::OpenOptions::new().open_sender(path).map(|pipe| Box::new(pipe) as Output),
        Ok(Kind::Socket(socket)) => socket_stream(socket).map(|socket| Box::new(socket) as Output),
        Ok(Kind::Other) | Err(_) => Ok(Box::new(tokio::io::stdout()) as Output),
    }
    .unwrap_or_else(|_| Box::new(tokio::io::stdout()))
}

/// What is behind a descriptor.
enum Kind {
    /// The path by which it is opened once more.
    Pipe(String),
    Socket(OwnedFd),
    Other,
}

impl Kind {
    fn of(stream: &impl AsFd) -> io::Result<Self> {
        let own = stream.as_fd().try_clone_to_owned()?;
        let file = std::fs::File::from(own);
        let metadata = file.metadata()?;
        if metadata.file_type().is_fifo() {
            let number = std::os::fd::AsRawFd::as_raw_fd(&stream.as_fd());
            return Ok(Self::Pipe(format!("/proc/self/fd/{number}")));
        }
        let error = std::fs::File::from(io::stderr().as_fd().try_clone_to_owned()?).metadata()?;
        let is_shared = (metadata.dev(), metadata.ino()) == (error.dev(), error.ino());
        match metadata.file_type().is_socket() && !is_shared {
            true => Ok(Self::Socket(file.into())),
            false => Ok(Self::Other),
        }
    }
}

fn socket_stream(socket: OwnedFd) -> io::Result<UnixStream> {
    let socket = std::os::unix::net::UnixStream::from(socket);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        os::fd::AsFd,
    };

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn pipes_are_read_and_written_and_stay_as_they_are_for_others() {
        let (mut theirs, ours) = io::pipe().map(|(read, write)| (write, read)).unwrap();
        let mut from = input(ours.as_fd());
        theirs.write_all(b"ping").unwrap();
        let mut text = [0; 4];
        from.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"ping");
        let (mut read, write) = io::pipe().unwrap();
        let mut to = output(write.as_fd());
        to.write_all(b"pong").await.unwrap();
        to.flush().await.unwrap();
        read.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"pong");
        for ends in [ours.as_fd(), write.as_fd()] {
            let flags = rustix::fs::fcntl_getfl(ends).unwrap();
            assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK), "{flags:?}");
        }
        drop(theirs);
        assert_eq!(from.read(&mut text).await.unwrap(), 0, "it ends with its writer");
    }

    #[tokio::test]
    async fn sockets_are_read_and_written() {
        let (mut theirs, ours) = std::os::unix::net::UnixStream::pair().unwrap();
        let (mut from, mut to) = (input(ours.as_fd()), output(ours.as_fd()));
        to.write_all(b"pong").await.unwrap();
        let mut text = [0; 4];
        theirs.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"pong");
        theirs.write_all(b"ping").unwrap();
        from.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"ping");
    }
}
