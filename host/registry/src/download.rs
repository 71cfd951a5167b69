//! One file from a server: bounded, digested while it comes, continued where it broke off.

use std::time::Duration;

use reqwest::{
    Response, StatusCode,
    header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE},
};
use tandem_package::{MAX_FILE, Sha256Digest};
use url::Url;

use crate::{
    error::RegistryError,
    http::{Client, refusal, unreachable},
    part::Part,
};

/// How often a download that broke off is taken up again, whether it got further or not: a server could send a byte each time.
const MAX_ATTEMPTS: u32 = 8;
/// The wait before it; doubled each time up to [`LAST_PAUSE`], so that ten seconds of no network are bridged.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest wait: who looks at a progress bar should see that something happens.
const LAST_PAUSE: Duration = Duration::from_secs(4);

/// What a file must be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// Its digest, where it is known before.
    pub digest: Option<Sha256Digest>,
    /// Its length in bytes, where it is known before.
    pub size: Option<u64>,
}

/// A file that came whole.
#[derive(Debug)]
pub struct Fetched {
    /// Its content, of at most [`MAX_FILE`] bytes.
    pub bytes: Vec<u8>,
    /// The digest of the content.
    pub digest: Sha256Digest,
}

/// Is told how far a transfer is.
pub trait Meter {
    /// So many bytes came or went, of so many if that is known.
    fn at(&self, done: u64, total: Option<u64>);
}

/// Why one answer did not bring the rest.
enum Stopped {
    /// The connection broke: the rest may come from another one.
    Broke(RegistryError),
    For(RegistryError),
}

impl From<RegistryError> for Stopped {
    fn from(error: RegistryError) -> Self {
        Self::For(error)
    }
}

impl Client {
    /// Fetches a file of a web server. Without a digest in `expected`, it may be any.
    ///
    /// # Errors
    /// The server cannot be reached or refuses; the file is too large or not what is expected.
    pub async fn fetch_web(&self, url: &Url, expected: Expected, meter: &dyn Meter) -> Result<Fetched, RegistryError> {
        self.check(url)?;
        let place = url.host_str().map(|host| format!("{host}{}", url.path())).unwrap_or_default();
        let get = async |headers: HeaderMap| self.patiently(&place, self.http.get(url.clone()).headers(headers)).await;
        self.download(&place, get, expected, meter).await
    }

    /// Gathers the answers of `get`, which is given the headers that ask for the rest.
    pub(crate) async fn download(
        &self,
        place: &str,
        get: impl AsyncFn(HeaderMap) -> Result<Response, RegistryError>,
        expected: Expected,
        meter: &dyn Meter,
    ) -> Result<Fetched, RegistryError> {
        if let Some(size) = expected.size {
            check_size(place, size)?;
        }
        let mut part = Part::open(&self.options.downloads, expected.digest)?;
        let mut job = Job { place, expected, meter, validator: None };
        let mut doubted = part.len() > 0;
        let mut attempts = 0;
        loop {
            let stopped = match job.attempt(&get, &mut part).await {
                Ok(()) => match job.whole(&part) {
                    // What was here before may have been another's bytes.
                    Err(_) if doubted => {
                        doubted = false;
                        part.restart().map_err(RegistryError::file(&self.options.downloads))?;
                        continue;
                    }
                    whole => {
                        let digest = whole?;
                        let bytes = part.into_bytes().map_err(RegistryError::file(&self.options.downloads))?;
                        return Ok(Fetched { bytes, digest });
                    }
                },
                Err(stopped) => stopped,
            };
            attempts += 1;
            match stopped {
                Stopped::Broke(error) if attempts < MAX_ATTEMPTS => {
                    tracing::info!(place, bytes = part.len(), %error, "download interrupted; resuming");
                    tokio::time::sleep((FIRST_PAUSE * 2_u32.pow(attempts - 1)).min(LAST_PAUSE)).await;
                }
                // The rest may be had later.
                Stopped::Broke(error) | Stopped::For(error @ RegistryError::Busy { .. }) => {
                    part.keep();
                    return Err(error);
                }
                Stopped::For(error) => return Err(error),
            }
        }
    }
}

struct Job<'j> {
    place: &'j str,
    expected: Expected,
    meter: &'j dyn Meter,
    /// By which a server knows the version that the first bytes are of (RFC 9110, 13.1.5).
    validator: Option<HeaderValue>,
}

impl Job<'_> {
    async fn attempt(
        &mut self,
        get: &impl AsyncFn(HeaderMap) -> Result<Response, RegistryError>,
        part: &mut Part,
    ) -> Result<(), Stopped> {
        // Bytes of another version cannot be told apart, unless there is a digest or a validator.
        if part.len() > 0 && self.expected.digest.is_none() && self.validator.is_none() {
            restart(self.place, part)?;
        }
        if self.expected.size.is_some_and(|size| size == part.len()) {
            return Ok(());
        }
        let started = part.len();
        let response = match get(self.headers(started)).await {
            Ok(response) => response,
            // Who never answered is not there; who did may be again.
            Err(error @ RegistryError::Unreachable { .. }) if started > 0 => return Err(Stopped::Broke(error)),
            Err(error) => return Err(Stopped::For(error)),
        };
        let total = match response.status() {
            StatusCode::OK => {
                restart(self.place, part)?;
                response.content_length()
            }
            StatusCode::PARTIAL_CONTENT if started > 0 => Some(self.range(&response, started)?),
            // What is here is more than there is.
            StatusCode::RANGE_NOT_SATISFIABLE if started > 0 => {
                restart(self.place, part)?;
                return Err(Stopped::Broke(refusal(self.place, response).await));
            }
            _ => return Err(Stopped::For(refusal(self.place, response).await)),
        };
        self.check_total(total)?;
        self.validator = validator(&response);
        self.stream(response, part, total).await
    }

    fn headers(&self, started: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if started > 0 {
            if let Ok(range) = HeaderValue::from_str(&format!("bytes={started}-")) {
                headers.insert(RANGE, range);
            }
            if let Some(validator) = &self.validator {
                headers.insert(IF_RANGE, validator.clone());
            }
        }
        headers
    }

    /// The whole length, from the header of a part that begins where it should.
    fn range(&self, response: &Response, started: u64) -> Result<u64, RegistryError> {
        let text = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let parsed = text.strip_prefix("bytes ").and_then(|text| {
            let (range, total) = text.split_once('/')?;
            Some((range.split_once('-')?.0.parse::<u64>().ok()?, total.parse::<u64>().ok()?))
        });
        match parsed {
            Some((from, total)) if from == started => Ok(total),
            _ => Err(RegistryError::protocol(self.place, format!("a range that does not begin at byte {started}"))),
        }
    }

    fn check_total(&self, total: Option<u64>) -> Result<(), RegistryError> {
        let Some(total) = total else { return Ok(()) };
        check_size(self.place, total)?;
        match self.expected.size {
            Some(size) if size != total => {
                Err(RegistryError::protocol(self.place, format!("{total} bytes, expected {size}")))
            }
            _ => Ok(()),
        }
    }

    async fn stream(&self, mut response: Response, part: &mut Part, total: Option<u64>) -> Result<(), Stopped> {
        let total = self.expected.size.or(total);
        loop {
            let chunk = response.chunk().await.map_err(|error| Stopped::Broke(unreachable(self.place, error)))?;
            let Some(chunk) = chunk else { break };
            let size = part.len() + chunk.len() as u64;
            check_size(self.place, size)?;
            if let Some(total) = total.filter(|total| size > *total) {
                return Err(
                    RegistryError::protocol(self.place, format!("more than the announced {total} bytes")).into()
                );
            }
            part.append(&chunk).map_err(RegistryError::file("the file that is downloaded".as_ref()))?;
            self.meter.at(part.len(), total);
        }
        match total {
            Some(total) if part.len() < total => {
                let reason = format!("it ended after {} of {total} bytes", part.len());
                Err(Stopped::Broke(RegistryError::Unreachable { place: self.place.to_owned(), reason }))
            }
            _ => Ok(()),
        }
    }

    fn whole(&self, part: &Part) -> Result<Sha256Digest, RegistryError> {
        let found = part.digest();
        match self.expected.digest {
            Some(expected) if expected != found => {
                Err(RegistryError::Digest { place: self.place.to_owned(), expected, found })
            }
            _ => Ok(found),
        }
    }
}

fn restart(place: &str, part: &mut Part) -> Result<(), RegistryError> {
    part.restart().map_err(RegistryError::file(place.as_ref()))
}

/// Only strong validators: bytes of two versions that are merely alike are put together by none.
fn validator(response: &Response) -> Option<HeaderValue> {
    let strong = |tag: &&HeaderValue| !tag.as_bytes().starts_with(b"W/");
    let headers = response.headers();
    headers.get(ETAG).filter(strong).or_else(|| headers.get(LAST_MODIFIED)).cloned()
}

fn check_size(place: &str, size: u64) -> Result<(), RegistryError> {
    match size > MAX_FILE as u64 {
        true => Err(RegistryError::TooLarge { place: place.to_owned(), size, limit: MAX_FILE as u64 }),
        false => Ok(()),
    }
}
