//! The comment that carries a record: a marker that browsers do not show, and the record as fenced JSON.
//!
//! ~~~text
//! <!-- tandem-peer:12D3KooW… -->
//! ```json
//! {"body":…}
//! ```
//! ~~~

use libp2p_identity::PeerId;

use crate::discovery::record::{HostRecord, RecordError};

const MARKER: &str = "<!-- tandem-peer:";
const MARKER_END: &str = " -->";
const FENCE: &str = "```";

/// What is wrong with a comment that has the marker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommentError {
    /// The marker names no peer.
    #[error("its marker has no peer id")]
    Marker,
    /// There is no record in it.
    #[error("it has no fenced json")]
    NoRecord,
    /// The record is wrong.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is one of another host, copied under this marker.
    #[error("its marker names another host than its record, {0}")]
    OtherPeer(PeerId),
}

/// The comment's text for a record.
pub(super) fn write(record: &HostRecord) -> String {
    // The record is one line, so that nothing in it can end the fence.
    format!("{MARKER}{}{MARKER_END}\n{FENCE}json\n{}\n{FENCE}\n", record.peer(), record.text())
}

/// The peer that a comment's marker names and its record; `None` for a comment without a marker.
pub(super) fn read(text: &str) -> Option<(Option<PeerId>, Result<HostRecord, CommentError>)> {
    let mut lines = text.trim_start().lines();
    let marked = lines.next()?.trim_end().strip_prefix(MARKER)?;
    let Some(peer) = marked.strip_suffix(MARKER_END).and_then(|id| id.parse::<PeerId>().ok()) else {
        return Some((None, Err(CommentError::Marker)));
    };
    let mut fenced = lines.skip_while(|line| line.trim_end() != "```json").skip(1);
    let mut json = String::new();
    let closed = fenced.any(|line| {
        let end = line.trim_end() == FENCE;
        if !end {
            json.push_str(line);
            json.push('\n');
        }
        end
    });
    let record = match closed {
        false => Err(CommentError::NoRecord),
        true => HostRecord::decode(json.trim_end().as_bytes()).map_err(CommentError::from),
    };
    let own = record.and_then(|record| match record.peer() {
        named if named == peer => Ok(record),
        other => Err(CommentError::OtherPeer(other)),
    });
    Some((Some(peer), own))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::discovery::testing::{key, record};

    #[test]
    fn a_record_goes_through_a_comment() {
        let (key, id) = key();
        let record = record(&key, &["/ip4/8.8.8.8/tcp/1"]);
        let text = write(&record);
        assert_eq!(read(&text), Some((Some(id), Ok(record.clone()))));
        // Web forms send other line ends.
        assert_eq!(read(&text.replace('\n', "\r\n")), Some((Some(id), Ok(record))));
        assert_eq!(read("hello"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn what_is_not_right_is_told_apart() {
        let ((a_key, a), (b_key, b)) = (key(), key());
        let text = write(&record(&a_key, &[]));
        let copied = text.replace(&format!("tandem-peer:{a}"), &format!("tandem-peer:{b}"));
        assert_eq!(read(&copied), Some((Some(b), Err(CommentError::OtherPeer(a)))));
        assert_eq!(read("<!-- tandem-peer:x -->"), Some((None, Err(CommentError::Marker))));
        let unclosed = format!("<!-- tandem-peer:{b} -->\n```json\n{}", record(&b_key, &[]).text());
        assert_eq!(read(&unclosed), Some((Some(b), Err(CommentError::NoRecord))));
        let empty = format!("<!-- tandem-peer:{b} -->\n```json\n```");
        assert!(matches!(read(&empty), Some((Some(_), Err(CommentError::Record(_))))));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(<!-- tandem-peer:)?[a-zA-Z0-9 ->`\n{}\"]{0,200}") {
            let _ = read(&text);
        }
    }
}
