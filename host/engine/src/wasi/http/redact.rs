//! Answers without the plugin's secrets: a server that sends back what it was sent does not give them to the guest.
//!
//! **Promises.** A secret of the plugin that stands in the value of a header or in the body, as it is, URL-encoded or as in a
//! JSON string, comes as as many `*`, wherever the body was cut into frames. Nothing is held back but what may be the
//! beginning of a secret.
//!
//! **Does not promise** to find a secret that a server changed otherwise (compressed, in Base64, in pieces): a host is granted
//! a secret because it is trusted with it.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};
use url::form_urlencoded::byte_serialize;
use wasmtime_wasi_http::Error;

/// Shorter ones would be found in every text, and are no secrets.
const SHORTEST: usize = 4;

/// The texts to look for, the longest first.
#[derive(Clone)]
pub(super) struct Redactor(Arc<[Vec<u8>]>);

impl Redactor {
    /// None when there is nothing to look for.
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for secret in secrets.filter(|secret| secret.len() >= SHORTEST) {
            let form: String = byte_serialize(secret.as_bytes()).collect();
            let json = serde_json::Value::from(secret).to_string();
            texts.push(secret.into());
            texts.push(form.replace('+', "%20").into());
            texts.push(form.into());
            texts.push(json.trim_matches('"').into());
        }
        texts.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        texts.dedup();
        (!texts.is_empty()).then(|| Self(texts.into()))
    }

    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let mut bytes = value.as_bytes().to_vec();
            if self.mask(&mut bytes)
                && let Ok(masked) = HeaderValue::from_bytes(&bytes)
            {
                *value = masked;
            }
        }
    }

    /// The places of whole secrets, as they begin.
    fn found(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for text in self.0.iter() {
            let mut from = 0;
            while let Some(at) = bytes.get(from..).and_then(|rest| find(rest, text)) {
                found.push((from + at, from + at + text.len()));
                from += at + 1;
            }
        }
        found
    }

    /// Whether there was any.
    fn mask(&self, bytes: &mut [u8]) -> bool {
        let found = self.found(bytes);
        for (start, end) in &found {
            if let Some(secret) = bytes.get_mut(*start..*end) {
                secret.fill(b'*');
            }
        }
        !found.is_empty()
    }

    /// How much of the end may be the beginning of a secret.
    fn open_end(&self, bytes: &[u8]) -> usize {
        let longest = self.0.first().map_or(0, Vec::len).saturating_sub(1);
        let from = bytes.len().saturating_sub(longest);
        let begins = |at: &usize| {
            let rest = bytes.get(*at..).unwrap_or_default();
            self.0.iter().any(|text| text.len() > rest.len() && text.starts_with(rest))
        };
        (from..bytes.len()).find(begins).map_or(0, |at| bytes.len() - at)
    }

    /// Takes what can be shown off the front of what came so far.
    fn show(&self, came: &mut Vec<u8>) -> Bytes {
        let found = self.found(came);
        let mut cut = came.len() - self.open_end(came);
        // A secret that goes on where another one may begin is kept whole.
        while let Some((start, _)) = found.iter().find(|(start, end)| *start < cut && cut < *end) {
            cut = *start;
        }
        let kept = came.split_off(cut);
        let mut shown = std::mem::replace(came, kept);
        self.mask(&mut shown);
        shown.into()
    }
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let first = text.first()?;
    let mut from = 0;
    loop {
        from += bytes.get(from..)?.iter().position(|byte| byte == first)?;
        if bytes.get(from..)?.starts_with(text) {
            return Some(from);
        }
        from += 1;
    }
}

/// A body without them.
pub(super) struct Redacted {
    inner: UnsyncBoxBody<Bytes, Error>,
    redactor: Redactor,
    /// What came and was not shown: the beginning of a secret, or nothing.
    held: Vec<u8>,
    next: VecDeque<Frame<Bytes>>,
    ended: bool,
}

impl Redacted {
    pub(super) fn new(inner: UnsyncBoxBody<Bytes, Error>, redactor: Redactor) -> Self {
        Self { inner, redactor, held: Vec::new(), next: VecDeque::new(), ended: false }
    }

    fn release(&mut self) {
        if !self.held.is_empty() {
            let mut rest = std::mem::take(&mut self.held);
            self.redactor.mask(&mut rest);
            self.next.push_back(Frame::data(rest.into()));
        }
    }
}

impl Body for Redacted {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            if let Some(frame) = self.next.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                None => {
                    self.ended = true;
                    self.release();
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.held.extend_from_slice(&data);
                        let Self { redactor, held, .. } = &mut *self;
                        let shown = redactor.show(held);
                        if !shown.is_empty() {
                            self.next.push_back(Frame::data(shown));
                        }
                    }
                    Err(frame) => {
                        self.release();
                        if let Ok(mut trailers) = frame.into_trailers() {
                            self.redactor.headers(&mut trailers);
                            self.next.push_back(Frame::trailers(trailers));
                        }
                    }
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_empty() && self.held.is_empty() && (self.ended || self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let held =
            (self.held.len() + self.next.iter().filter_map(Frame::data_ref).map(Bytes::len).sum::<usize>()) as u64;
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(held));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    const SECRET: &str = "s3cret \"value\"";

    fn redactor() -> Redactor {
        Redactor::new([SECRET, "s3cret-other", "abc"].into_iter()).unwrap()
    }

    async fn through(frames: Vec<Vec<u8>>) -> Vec<u8> {
        let frames = frames.into_iter().map(|frame| Ok::<_, Error>(Frame::data(Bytes::from(frame))));
        let body = StreamBody::new(futures::stream::iter(frames)).boxed_unsync();
        Redacted::new(body, redactor()).collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn no_way_of_cutting_the_body_lets_a_secret_through() {
        let text =
            format!("{{\"a\": \"s3cret {SECRET} s3cret+%22value%22\", \"b\": {}}} s3cret", serde_json::json!(SECRET));
        for size in 1..text.len() {
            let shown = through(text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect()).await;
            let shown = String::from_utf8(shown).unwrap();
            assert_eq!(shown.len(), text.len(), "{size}: {shown}");
            assert!(!shown.contains("value"), "{size}: {shown}");
            assert!(shown.starts_with("{\"a\": \"s3cret **") && shown.ends_with("} s3cret"), "{size}: {shown}");
        }
    }

    #[tokio::test]
    async fn what_is_no_secret_is_not_held_back() {
        let (redactor, mut came) = (redactor(), b"data: s3".to_vec());
        assert_eq!(redactor.show(&mut came), "data: ");
        came.extend_from_slice(b"x\n\n");
        assert_eq!(redactor.show(&mut came), "s3x\n\n");
        assert!(came.is_empty());
        assert_eq!(through(vec![b"abc".to_vec()]).await, b"abc", "too short for a secret");
    }

    #[test]
    fn headers_come_without_secrets() {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        let mut headers = HeaderMap::from_iter([
            (http::header::LOCATION, value("https://a.example.com/?key=s3cret%20%22value%22&x=1")),
            (http::header::SERVER, value("plain")),
        ]);
        redactor().headers(&mut headers);
        assert_eq!(headers["location"], format!("https://a.example.com/?key={}&x=1", "*".repeat(20)));
        assert_eq!(headers["server"], "plain");
    }

    #[test]
    fn secrets_that_overlap_are_both_hidden() {
        let redactor = Redactor::new(["aaaab", "abcdef"].into_iter()).unwrap();
        let mut came = b"xaaaab".to_vec();
        let mut shown = redactor.show(&mut came).to_vec();
        came.extend_from_slice(b"cdefy");
        shown.extend_from_slice(&redactor.show(&mut came));
        assert_eq!(shown, b"x*********y");
    }
}
