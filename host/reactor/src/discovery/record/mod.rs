//! The signed record of a host: who it is, where it is, what it can do, until when.
//!
//! A JSON document of at most 16 KiB:
//!
//! ```json
//! {
//!   "body": {
//!     "format": "tandem-host-record/1",
//!     "peer_id": "12D3KooW…", "sequence": 1760000000000,
//!     "issued_at": 1760000000000, "expires_at": 1760001800000,
//!     "tools": ["dataset_load"], "capacity": 4, "free": 3, "metadata": {},
//!     "routing": "<base64 of the signed envelope with the peer record>"
//!   },
//!   "key": "<base64 of the public key in libp2p's protobuf form>",
//!   "signature": "<base64>"
//! }
//! ```
//!
//! Times are milliseconds since 1970. The signature covers [`SIGNED_AS`] and the canonical JSON of the body, so that no
//! other signature of the same key can be passed off as one of a record. The addresses are in `routing`, in the form
//! that other implementations of libp2p read (RFC 0002 and 0003 of libp2p, with the registered payload type).
//!
//! **Promises.** A [`HostRecord`] in hand is signed by the host that it names, whatever registry it came from.
//! [`HostRecord::check`] says whether it may be believed now.
//!
//! **Refuses.** See [`RecordError`]: each is a way in which a registry, a stranger or an old copy could mislead.

mod announcement;
mod document;
mod error;
mod host_record;
mod limits;

pub use self::{
    announcement::{Announcement, next_sequence},
    error::RecordError,
    host_record::HostRecord,
    limits::{MAX_ADDRESSES, MAX_LIFETIME, MAX_METADATA, MAX_RECORD, MAX_SKEW, MAX_TOOLS, NAME, SIGNED_AS},
};
