//! The peer book over a restart: its rows in the store.

use tandem_reactor::trust::{UnixMillis, book::PeerRow};
use tandem_store::{MAX_BATCH, PeerFilter, PeerRow as Stored, Store};

use crate::peers::PeerDirectory;

/// Rows in one page.
const PAGE: u32 = 1_000;

/// Takes the stored rows into the book.
pub(super) async fn load(store: &Store, peers: &PeerDirectory) {
    let (mut after, mut rows) = (None, Vec::new());
    loop {
        match store.peers(PeerFilter::default(), after, PAGE).await {
            Ok(page) => {
                // A row of an older form is worth no more than a peer that is heard of anew.
                rows.extend(page.peers.iter().filter_map(|row| serde_json::from_slice::<PeerRow>(&row.record).ok()));
                after = page.next;
            }
            Err(error) => {
                tracing::error!(%error, "cannot restore peers from the store");
                return;
            }
        }
        if after.is_none() {
            break;
        }
    }
    let known = peers.book().restore(rows, UnixMillis::now());
    tracing::debug!(known, "restored peers from the store");
}

/// Writes the book down; what is not in it any more goes from the store too.
pub(super) async fn save(store: &Store, peers: &PeerDirectory) {
    let now = UnixMillis::now();
    let rows: Vec<PeerRow> = peers.book().rows().collect();
    let stored: Vec<_> = rows.iter().filter_map(|row| stored(row, now)).collect();
    for part in stored.chunks(MAX_BATCH) {
        if let Err(error) = store.upsert_peers(part.to_vec()).await {
            tracing::error!(%error, "cannot save peers to the store");
            return;
        }
    }
    let kept = stored.into_iter().map(|row| row.peer).collect();
    if let Err(error) = store.forget_other_peers(kept).await {
        tracing::error!(%error, "cannot delete removed peers from the store");
    }
}

fn stored(row: &PeerRow, now: UnixMillis) -> Option<Stored> {
    let source = serde_json::to_value(row.source).ok()?;
    Some(Stored {
        peer: row.peer_id.clone(),
        // A row is replaced by a newer one only.
        sequence: now.0,
        addresses: "[]".to_owned(),
        capabilities: "{}".to_owned(),
        record: serde_json::to_vec(row).ok()?,
        source: source.as_str()?.to_owned(),
        first_seen: row.first_seen.0,
        last_seen: row.last_seen.0,
        last_ok: row.last_ok.map(|at| at.0),
        fails: row.fails,
        #[allow(clippy::cast_possible_truncation, reason = "a score is within 100 either way")]
        score: row.score as i64,
        trusted: false,
        banned_until: row.banned_until.map(|at| at.0),
    })
}
