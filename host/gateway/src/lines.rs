//! Lines of a pipe, each at most so long. One that is longer is let go by, and only its id is kept.

use std::io;

use rmcp::model::RequestId;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::rpc::IdFinder;

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Whole(Vec<u8>),
    /// It was longer than it may be; with its id, if it was a request.
    TooLong(Option<RequestId>),
}

/// Reads lines. [`Lines::next`] may be dropped at any time and called again: nothing is lost.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    read: BufReader<R>,
    limit: usize,
    line: Vec<u8>,
    /// Set while a line goes by that is too long.
    passing: Option<IdFinder>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(read: R, limit: usize) -> Self {
        Self { read: BufReader::new(read), limit, line: Vec::new(), passing: None }
    }

    /// The next line, without its end, which the last one need not have. None where the pipe ends.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let available = self.read.fill_buf().await?;
            if available.is_empty() {
                let rest = self.passing.is_some() || !self.line.is_empty();
                return Ok(rest.then(|| self.take()));
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let piece = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            match &mut self.passing {
                Some(finder) => finder.feed(piece),
                None if self.line.len() + piece.len() > self.limit => {
                    let mut finder = IdFinder::default();
                    finder.feed(&self.line);
                    finder.feed(piece);
                    self.line = Vec::new();
                    self.passing = Some(finder);
                }
                None => self.line.extend_from_slice(piece),
            }
            let used = piece.len() + usize::from(end.is_some());
            self.read.consume(used);
            if end.is_some() {
                return Ok(Some(self.take()));
            }
        }
    }

    fn take(&mut self) -> Line {
        match self.passing.take() {
            Some(finder) => Line::TooLong(finder.found()),
            None => Line::Whole(std::mem::take(&mut self.line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_whole_and_long_ones_by_their_id() {
        let long = format!(r#"{{"jsonrpc":"2.0","params":"{}","id":"last"}}"#, "x".repeat(200_000));
        let text = format!("one\r\n\n{long}\ntwo\nrest");
        let mut lines = Lines::new(text.as_bytes(), 1000);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        let last = Line::TooLong(Some(RequestId::String("last".into())));
        assert_eq!(all, [whole("one\r"), whole(""), last, whole("two"), whole("rest")]);
    }

    #[tokio::test]
    async fn a_line_of_just_the_limit_is_whole() {
        let mut lines = Lines::new("xxxx\nxxxxx\n".as_bytes(), 4);
        assert_eq!(lines.next().await.unwrap(), Some(Line::Whole(b"xxxx".to_vec())));
        assert_eq!(lines.next().await.unwrap(), Some(Line::TooLong(None)));
    }
}
