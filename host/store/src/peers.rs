//! Peers that were heard of: what they said of themselves, signed, and how they behaved.
//!
//! **Promises.** A record is replaced only by one with a higher sequence number; what this host observed of a peer
//! (times, failures, score, ban) is kept apart from what the peer says. **Bounds** by [`MAX_PEERS`]: a new peer takes
//! the place of the worst one that is not trusted or banned, since peers are made up for nothing.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::{error::StoreError, limits::MAX_BATCH, store::Store};

/// Most peers. Stops an attacker that invents them from filling the disk.
pub const MAX_PEERS: u32 = 5_000;
/// Bytes of one record, or of the addresses or capabilities of one peer.
const MAX_RECORD: usize = 16 << 10;
/// Bytes of a peer's id or a source's name.
const MAX_ID: usize = 128;
/// Rows of one page.
const MAX_PAGE: u32 = 1_000;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS peers (
        peer TEXT PRIMARY KEY, sequence INTEGER NOT NULL, addresses TEXT NOT NULL, capabilities TEXT NOT NULL,
        record BLOB NOT NULL, source TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
        last_ok INTEGER, fails INTEGER NOT NULL, score INTEGER NOT NULL, trusted INTEGER NOT NULL,
        banned_until INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS peers_seen ON peers (last_seen);
    CREATE INDEX IF NOT EXISTS peers_score ON peers (score);
";

/// A peer. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PeerRow {
    /// Its id.
    pub peer: String,
    /// The sequence number of its record.
    pub sequence: u64,
    /// Its addresses, a JSON array.
    pub addresses: String,
    /// Its tools and what else it can, JSON.
    pub capabilities: String,
    /// The signed record itself.
    #[serde(skip)]
    pub record: Vec<u8>,
    /// Where it was heard of.
    pub source: String,
    /// When first.
    pub first_seen: u64,
    /// When last.
    pub last_seen: u64,
    /// When it answered last.
    pub last_ok: Option<u64>,
    /// Failures since then.
    pub fails: u32,
    /// How well it behaves; higher is better.
    pub score: i64,
    /// The operator vouches for it.
    pub trusted: bool,
    /// It is banned until then.
    pub banned_until: Option<u64>,
}

/// How a list of peers is sorted, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerSort {
    /// By when they were seen.
    #[default]
    LastSeen,
    /// By their score.
    Score,
}

/// Which peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerFilter {
    /// Only those that are banned at this time, in milliseconds, or only the others.
    pub banned: Option<(bool, u64)>,
    /// In which order.
    pub sort: PeerSort,
}

/// One page of peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerPage {
    /// In the order asked for.
    pub peers: Vec<PeerRow>,
    /// Where the next page starts: the last row's sort value and id; none on the last page.
    pub next: Option<(i64, String)>,
    /// How many match in all.
    pub total: u64,
}

impl Store {
    /// Keeps these peers: a new one as given, a known one with its record replaced when the sequence number is higher
    /// and its observations in any case. `first_seen` stays, and so do `trusted` and `banned_until`, which
    /// [`set_peer_trust`](Self::set_peer_trust) changes. Answers how many records are new.
    pub async fn upsert_peers(&self, peers: Vec<PeerRow>) -> Result<u64, StoreError> {
        if peers.len() > MAX_BATCH {
            return Err(StoreError::TooLarge(format!("a call is limited to {MAX_BATCH} peers, got {}", peers.len())));
        }
        peers.iter().try_for_each(check)?;
        self.write(move |db| upsert(db, &peers)).await
    }

    /// Sets whether the operator vouches for a peer, and until when it is banned. Answers whether it is known.
    pub async fn set_peer_trust(
        &self,
        peer: String,
        trusted: bool,
        banned_until: Option<u64>,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut update = db.prepare_cached("UPDATE peers SET trusted = ?2, banned_until = ?3 WHERE peer = ?1")?;
            Ok(update.execute(params![peer, trusted, banned_until.map(signed)])? > 0)
        })
        .await
    }

    /// One peer.
    pub async fn peer(&self, peer: String) -> Result<Option<PeerRow>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!("{ROW} WHERE peer = ?1"))?;
            Ok(statement.query_row([peer], row).optional()?)
        })
        .await
    }

    /// Peers, the best first; `limit` is kept within 1..=1000.
    pub async fn peers(
        &self,
        filter: PeerFilter,
        after: Option<(i64, String)>,
        limit: u32,
    ) -> Result<PeerPage, StoreError> {
        self.read(move |db| list(db, filter, after.as_ref(), limit.clamp(1, MAX_PAGE))).await
    }

    /// Forgets all peers but these. Answers how many.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] where more are named than are ever kept.
    pub async fn forget_other_peers(&self, kept: Vec<String>) -> Result<u64, StoreError> {
        if kept.len() > MAX_PEERS as usize {
            return Err(StoreError::TooLarge(format!(
                "the address book is limited to {MAX_PEERS} peers, got {}",
                kept.len()
            )));
        }
        let kept = serde_json::to_string(&kept).map_err(|error| StoreError::TooLarge(error.to_string()))?;
        self.write(move |db| {
            let delete = "DELETE FROM peers WHERE peer NOT IN (SELECT value FROM json_each(?1))";
            Ok(db.prepare_cached(delete)?.execute([kept])? as u64)
        })
        .await
    }
}

fn check(peer: &PeerRow) -> Result<(), StoreError> {
    let bounds = [
        ("id", peer.peer.len(), MAX_ID),
        ("source", peer.source.len(), MAX_ID),
        ("addresses", peer.addresses.len(), MAX_RECORD),
        ("capabilities", peer.capabilities.len(), MAX_RECORD),
        ("record", peer.record.len(), MAX_RECORD),
    ];
    match bounds.into_iter().find(|(_, length, most)| length > most) {
        Some((what, length, most)) => {
            Err(StoreError::TooLarge(format!("a peer's {what} is limited to {most} bytes, got {length}")))
        }
        None => Ok(()),
    }
}

fn upsert(db: &Connection, peers: &[PeerRow]) -> Result<u64, StoreError> {
    let mut known = db.prepare_cached("SELECT sequence FROM peers WHERE peer = ?1")?;
    let mut count: u32 = db.query_row("SELECT count(*) FROM peers", [], |row| row.get(0))?;
    let mut fresh = 0;
    for peer in peers {
        let sequence: Option<i64> = known.query_row([&peer.peer], |row| row.get(0)).optional()?;
        fresh += u64::from(sequence.is_none_or(|sequence| sequence < signed(peer.sequence)));
        if sequence.is_none() {
            if count >= MAX_PEERS {
                count -= evict(db)?;
            }
            count += 1;
        }
        write(db, peer)?;
    }
    Ok(fresh)
}

fn write(db: &Connection, peer: &PeerRow) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO peers (peer, sequence, addresses, capabilities, record, source, first_seen, last_seen, last_ok,
            fails, score, trusted, banned_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT DO UPDATE SET
            addresses = CASE WHEN excluded.sequence > sequence THEN excluded.addresses ELSE addresses END,
            capabilities = CASE WHEN excluded.sequence > sequence THEN excluded.capabilities ELSE capabilities END,
            record = CASE WHEN excluded.sequence > sequence THEN excluded.record ELSE record END,
            source = CASE WHEN excluded.sequence > sequence THEN excluded.source ELSE source END,
            sequence = max(sequence, excluded.sequence), last_seen = max(last_seen, excluded.last_seen),
            last_ok = coalesce(excluded.last_ok, last_ok), fails = excluded.fails, score = excluded.score",
    )?;
    statement.execute(params![
        peer.peer,
        signed(peer.sequence),
        peer.addresses,
        peer.capabilities,
        peer.record,
        peer.source,
        signed(peer.first_seen),
        signed(peer.last_seen),
        peer.last_ok.map(signed),
        peer.fails,
        peer.score,
        peer.trusted,
        peer.banned_until.map(signed),
    ])?;
    Ok(())
}

/// Makes room: the lowest score goes, then who was seen longest ago. A ban is not to be shaken off by being evicted.
fn evict(db: &Connection) -> Result<u32, StoreError> {
    let mut statement = db.prepare_cached(
        "DELETE FROM peers WHERE peer IN (SELECT peer FROM peers WHERE NOT trusted AND banned_until IS NULL
            ORDER BY score, last_seen LIMIT 1)",
    )?;
    match statement.execute([])? {
        0 => Err(StoreError::Quota(format!("all {MAX_PEERS} peers are trusted or banned; forget some first"))),
        gone => Ok(u32::try_from(gone).unwrap_or_default()),
    }
}

const ROW: &str =
    "SELECT peer, sequence, addresses, capabilities, record, source, first_seen, last_seen, last_ok, fails,
    score, trusted, banned_until FROM peers";

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<PeerRow> {
    Ok(PeerRow {
        peer: row.get(0)?,
        sequence: unsigned(row.get(1)?),
        addresses: row.get(2)?,
        capabilities: row.get(3)?,
        record: row.get(4)?,
        source: row.get(5)?,
        first_seen: unsigned(row.get(6)?),
        last_seen: unsigned(row.get(7)?),
        last_ok: row.get::<_, Option<i64>>(8)?.map(unsigned),
        fails: row.get(9)?,
        score: row.get(10)?,
        trusted: row.get(11)?,
        banned_until: row.get::<_, Option<i64>>(12)?.map(unsigned),
    })
}

fn list(
    db: &Connection,
    filter: PeerFilter,
    after: Option<&(i64, String)>,
    limit: u32,
) -> Result<PeerPage, StoreError> {
    let column = match filter.sort {
        PeerSort::LastSeen => "last_seen",
        PeerSort::Score => "score",
    };
    let (banned, now) = filter.banned.map_or((None, 0), |(banned, now)| (Some(banned), signed(now)));
    let matching = "(?1 IS NULL OR (coalesce(banned_until, 0) > ?2) = ?1)";
    let mut page = db.prepare_cached(&format!(
        "{ROW} WHERE {matching} AND ({column}, peer) < (?3, ?4) ORDER BY {column} DESC, peer DESC LIMIT ?5"
    ))?;
    let (value, peer) = after.map_or((i64::MAX, "\u{10ffff}"), |(value, peer)| (*value, peer.as_str()));
    let mut peers: Vec<PeerRow> =
        page.query_map(params![banned, now, value, peer, limit + 1], row)?.collect::<Result<_, _>>()?;
    let more = peers.len() > limit as usize;
    peers.truncate(limit as usize);
    let next = peers.last().filter(|_| more).map(|last| match filter.sort {
        PeerSort::LastSeen => (signed(last.last_seen), last.peer.clone()),
        PeerSort::Score => (last.score, last.peer.clone()),
    });
    let mut total = db.prepare_cached(&format!("SELECT count(*) FROM peers WHERE {matching}"))?;
    let total = total.query_row(params![banned, now], |row| row.get(0).map(unsigned))?;
    Ok(PeerPage { peers, next, total })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests;
