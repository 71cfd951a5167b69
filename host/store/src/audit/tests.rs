use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::Store;

struct Fixture {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { path: directory.path().join("store.db"), _directory: directory }
    }

    fn store(&self) -> Store {
        Store::open(&self.path).unwrap()
    }

    fn verify(&self) -> Result<Verified, AuditBroken> {
        AuditReader::open(&self.path).unwrap().verify(&AuditKey::read(&self.path).unwrap())
    }

    /// Someone who can write the database, but not read the key.
    fn tamper(&self, sql: &str) -> rusqlite::Result<()> {
        rusqlite::Connection::open(&self.path).unwrap().execute_batch(sql)
    }

    fn broken(&self) -> (u64, &'static str) {
        match self.verify() {
            Err(AuditBroken::Record { sequence, why }) => (sequence, why),
            other => panic!("{other:?}"),
        }
    }
}

fn call(tool: &str) -> AuditRecord {
    let denied = vec![Denial { capability: "fs".into(), what: "/etc/passwd".into() }];
    CallRecord { tenant: "a".into(), tool: tool.into(), outcome: "ok".into(), denied, ..CallRecord::default() }.into()
}

async fn filled(fixture: &Fixture, count: usize) {
    fixture.store().audit_append((0..count).map(|i| call(&format!("t{i}"))).collect()).await.unwrap();
}

const UNGUARDED: &str = "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted;";

#[tokio::test]
async fn records_follow_each_other_over_restarts() {
    let fixture = Fixture::new();
    filled(&fixture, 3).await;
    fixture.store().audit_append(vec![EventRecord::of_host("plugin.loaded").with("plugin", "p").into()]).await.unwrap();
    let verified = fixture.verify().unwrap();
    assert_eq!((verified.from, verified.head.sequence, verified.count), (1, 4, 4));
    let rows = AuditReader::open(&fixture.path).unwrap().page(&AuditQuery { limit: 10, ..AuditQuery::default() });
    let rows = rows.unwrap();
    assert_eq!(rows[0].record().unwrap(), call("t0"));
    assert!(matches!(rows[3].record().unwrap(), AuditRecord::Event(event) if event.details["plugin"] == "p"));
}

#[tokio::test]
async fn a_changed_record_is_named() {
    let fixture = Fixture::new();
    filled(&fixture, 5).await;
    for refused in ["UPDATE audit SET body = '{}'", "DELETE FROM audit WHERE sequence = 5", "DELETE FROM audit"] {
        assert!(fixture.tamper(refused).is_err(), "{refused}");
    }
    fixture.verify().unwrap();
    fixture
        .tamper(&format!("{UNGUARDED} UPDATE audit SET body = replace(body, 't2', 'xx') WHERE sequence = 3"))
        .unwrap();
    assert_eq!(fixture.broken(), (3, "it was changed"));
}

#[tokio::test]
async fn a_chain_made_anew_without_the_key_is_not_authentic() {
    let fixture = Fixture::new();
    filled(&fixture, 4).await;
    let db = rusqlite::Connection::open(&fixture.path).unwrap();
    db.execute_batch(UNGUARDED).unwrap();
    // Every hash from record 2 on is right again; only the key is missing.
    let rows = AuditReader::open(&fixture.path).unwrap().page(&AuditQuery { limit: 10, ..AuditQuery::default() });
    let rows = rows.unwrap();
    let mut previous = rows[0].hash;
    for row in rows.iter().skip(1) {
        let body = row.body.replace("/etc/passwd", "/etc/passwt");
        let hash = row.link().hash_of(&previous, &body);
        let values = rusqlite::params![body, previous, hash, row.sequence as i64];
        db.execute("UPDATE audit SET body = ?1, previous = ?2, hash = ?3 WHERE sequence = ?4", values).unwrap();
        previous = hash;
    }
    assert_eq!(fixture.broken(), (2, "it was not written with this host's key"));
}

#[tokio::test]
async fn records_that_were_taken_out_are_missed_wherever_they_stood() {
    for (delete, sequence, why) in [
        ("sequence = 3", 3, "it is missing"),
        ("sequence > 3", 4, "it is missing: records were taken from the end"),
        ("sequence < 3", 3, "records before it are missing, and no checkpoint says that the host dropped them"),
    ] {
        let fixture = Fixture::new();
        filled(&fixture, 5).await;
        fixture.tamper(&format!("{UNGUARDED} DELETE FROM audit WHERE {delete}")).unwrap();
        assert_eq!(fixture.broken(), (sequence, why), "{delete}");
    }
    let fixture = Fixture::new();
    filled(&fixture, 5).await;
    fixture.tamper(&format!("{UNGUARDED} DELETE FROM audit; DELETE FROM audit_head")).unwrap();
    assert_eq!(fixture.verify().unwrap().count, 0, "an empty log looks like a new one");
    filled(&fixture, 1).await;
    assert_eq!(fixture.verify().unwrap().head.sequence, 1);
}

#[tokio::test]
async fn rotation_drops_the_oldest_and_proves_it() {
    let fixture = Fixture::new();
    let retention = AuditRetention { max_bytes: 200_000, ..AuditRetention::default() };
    let store = fixture.store().with_retention(retention);
    for _ in 0..4 {
        store.audit_append((0..1000).map(|i| call(&i.to_string())).collect()).await.unwrap();
    }
    let verified = fixture.verify().unwrap();
    assert!(verified.from > 1 && verified.count * 400 < 200_000, "{verified:?}");
    store.audit_append((0..85).map(|i| call(&i.to_string())).collect()).await.unwrap();
    while store.audit_rotate().await.unwrap() > 0 {}
    let rotated = fixture.verify().unwrap();
    assert!(rotated.from > verified.from && rotated.count * 400 < 200_000, "{rotated:?}");
    let cut = format!("{UNGUARDED} DELETE FROM audit WHERE sequence = {}", rotated.from);
    fixture.tamper(&cut).unwrap();
    assert_eq!(fixture.broken().0, rotated.from + 1, "the checkpoint names another first record");
}

#[tokio::test]
async fn old_records_go_and_changed_ones_stay_as_evidence() {
    let fixture = Fixture::new();
    let retention = AuditRetention { keep: Duration::from_millis(20), ..AuditRetention::default() };
    let store = fixture.store().with_retention(retention);
    store.audit_append((0..10).map(|i| call(&i.to_string())).collect()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    store.audit_append(vec![call("new")]).await.unwrap();
    fixture.tamper(&format!("{UNGUARDED} UPDATE audit SET body = '{{}}' WHERE sequence = 2")).unwrap();
    assert_eq!(store.audit_rotate().await.unwrap(), 0, "evidence is not dropped");
    let fixture = Fixture::new();
    let store = fixture.store().with_retention(retention);
    store.audit_append((0..10).map(|i| call(&i.to_string())).collect()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    store.audit_append(vec![call("new")]).await.unwrap();
    assert_eq!(store.audit_rotate().await.unwrap(), 10);
    let verified = fixture.verify().unwrap();
    assert_eq!((verified.from, verified.head.sequence), (11, 12), "the new one and the checkpoint");
}

#[tokio::test]
async fn pages_and_filters() {
    let fixture = Fixture::new();
    filled(&fixture, 20).await;
    let reader = AuditReader::open(&fixture.path).unwrap();
    let sequences =
        |query: AuditQuery| -> Vec<u64> { reader.page(&query).unwrap().iter().map(|row| row.sequence).collect() };
    let query = AuditQuery { limit: 3, ..AuditQuery::default() };
    assert_eq!(sequences(query.clone()), [1, 2, 3]);
    assert_eq!(sequences(AuditQuery { after: 18, ..query.clone() }), [19, 20]);
    assert_eq!(sequences(AuditQuery { newest: true, ..query.clone() }), [18, 19, 20]);
    assert_eq!(sequences(AuditQuery { tool: Some("t4".into()), ..query.clone() }), [5]);
    assert!(sequences(AuditQuery { tenant: Some("b".into()), ..query.clone() }).is_empty());
    assert!(sequences(AuditQuery { outcome: Some("denied".into()), ..query.clone() }).is_empty());
    assert!(sequences(AuditQuery { since: Some(u64::MAX >> 1), ..query }).is_empty());
}

#[test]
fn the_same_arguments_have_the_same_digest() {
    let digest = |text: &str| CallRecord::digest(&serde_json::from_str(text).unwrap());
    assert_eq!(digest(r#"{"a": 1, "b": [2]}"#), digest(r#"{"b":[2],"a":1}"#));
    assert_ne!(digest(r#"{"a": 1}"#), digest(r#"{"a": 2}"#));
}

#[tokio::test]
async fn what_a_guest_says_is_cut() {
    let fixture = Fixture::new();
    let denied = vec![Denial { capability: "fs".into(), what: "ü".repeat(100_000) }; 100];
    let record = CallRecord { denied, subject: "x".repeat(100_000), ..CallRecord::default() };
    fixture.store().audit_append(vec![record.into()]).await.unwrap();
    let rows = AuditReader::open(&fixture.path).unwrap().page(&AuditQuery { limit: 1, ..AuditQuery::default() });
    assert!(rows.unwrap()[0].body.len() < 16 * 400 + 1000);
    fixture.verify().unwrap();
}

#[tokio::test]
async fn many_writers_wait_and_nothing_is_lost() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let writers = (0..50).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..60 {
                store.audit_send(vec![call("t")]).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    store.audit_append(Vec::new()).await.unwrap();
    assert_eq!(fixture.verify().unwrap().count, 3000);
}

#[tokio::test]
async fn only_its_user_reads_what_the_store_holds() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    filled(&fixture, 1).await;
    for file in ["store.db", "audit.key"] {
        let mode = std::fs::metadata(fixture.path.with_file_name(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn lost_records_are_counted_until_one_is_kept_and_the_chain_says_how_many() {
    let fixture = Fixture::new();
    let store = fixture.store();
    store.audit_append(vec![call("a")]).await.unwrap();
    assert_eq!(store.audit_lost(), 0);
    fixture.tamper("ALTER TABLE audit RENAME TO elsewhere").unwrap();
    for _ in 0..3 {
        store.audit_send(vec![call("b")]).await.unwrap();
    }
    store.audit_append(vec![call("c")]).await.unwrap_err();
    assert_eq!(store.audit_lost(), 3, "who waits for an answer is told, and nothing of it is lost in silence");
    store.audit_record(vec![call("c"), call("c")]).await.unwrap_err();
    assert!(store.audit_lost() == 5 && !store.audit_writable());
    fixture.tamper("ALTER TABLE elsewhere RENAME TO audit").unwrap();
    let both = (store.audit_append(vec![call("d")]), store.audit_append(vec![call("e")]));
    let (first, second) = tokio::join!(both.0, both.1);
    first.and(second).unwrap();
    assert!(store.audit_lost() == 0 && store.audit_writable());
    let verified = fixture.verify().unwrap();
    assert_eq!((verified.count, verified.lost), (4, 5));
    let [(sequence, gap)] = verified.gaps[..] else { panic!("one marker: {verified:?}") };
    assert!(sequence == 2 && gap.lost == 5 && gap.since <= gap.until && gap.since > 0, "{gap:?}");
}

#[tokio::test]
async fn a_record_that_was_seen_is_looked_for() {
    let fixture = Fixture::new();
    filled(&fixture, 2).await;
    let reader = AuditReader::open(&fixture.path).unwrap();
    let head = fixture.verify().unwrap().head;
    let noted: AuditHead = head.to_string().parse().unwrap();
    assert_eq!(noted, head);
    assert!(reader.contains(noted).is_ok());
    let other = AuditHead { hash: [7; 32], ..noted };
    assert!(matches!(reader.contains(other), Err(HeadMissing::Differs(2))));
    let later = AuditHead { sequence: 3, ..noted };
    assert!(matches!(reader.contains(later), Err(HeadMissing::Differs(3))), "the store was put back");
    for wrong in ["", "2", "2:", "x:00", &format!("2:{}", "0".repeat(63))] {
        assert_eq!(wrong.parse::<AuditHead>(), Err(HeadFormat), "{wrong}");
    }
    fixture.tamper(&format!("{UNGUARDED} DELETE FROM audit WHERE sequence = 1")).unwrap();
    let first = AuditHead { sequence: 1, ..noted };
    assert!(matches!(reader.contains(first), Err(HeadMissing::Dropped(1))));
}

const DAY: u64 = 24 * 3600 * 1000;

#[tokio::test]
async fn a_wrong_clock_makes_no_record_old() {
    static NOW: AtomicU64 = AtomicU64::new(1_800_000_000_000);
    let fixture = Fixture::new();
    let mut store = fixture.store();
    let clock = || NOW.load(Ordering::Relaxed);
    let pass = |time: u64| NOW.store(clock().wrapping_add(time), Ordering::Relaxed);
    store.log = Arc::new(AuditLog { clock: || NOW.load(Ordering::Relaxed), ..AuditLog::open(&fixture.path).unwrap() });
    let records = |count| (0..count).map(|i: u64| call(&i.to_string())).collect::<Vec<_>>();
    let start = clock();
    store.audit_append(records(10)).await.unwrap();
    for _ in 0..20 {
        // More than a thousand at a time, so that writing rotates too.
        pass(400 * DAY);
        store.audit_append(records(1024)).await.unwrap();
        assert_eq!(store.audit_rotate().await.unwrap(), 0, "the jump made nothing old");
        NOW.store(start + 3_600_000, Ordering::Relaxed);
        store.audit_append(records(1)).await.unwrap();
        assert_eq!(store.audit_rotate().await.unwrap(), 0, "nor did going back");
    }
    let verified = fixture.verify().unwrap();
    assert_eq!(verified.from, 1, "everything is there");
    let reader = AuditReader::open(&fixture.path).unwrap();
    let last = reader.page(&AuditQuery { newest: true, limit: 2, ..AuditQuery::default() }).unwrap();
    assert_eq!(last[1].time, start + 3_600_000, "the right time is recorded, whatever was recorded before");
    let Some(AuditRecord::Event(event)) = last[0].record() else { panic!("{:?}", last[0]) };
    assert_eq!((event.event.as_str(), event.details["seconds"].as_str()), ("clock.stepped", "-34560000"));
    // Time that passes is counted, and what was written first goes first.
    for _ in 0..100 {
        pass(DAY);
        store.audit_append(records(1)).await.unwrap();
    }
    while store.audit_rotate().await.unwrap() > 0 {}
    let rotated = fixture.verify().unwrap();
    assert!(rotated.from > verified.head.sequence - 1, "{rotated:?}");
    assert!(rotated.count > 80, "{rotated:?}");
}

#[tokio::test]
async fn a_log_of_an_older_host_is_read_and_goes_on() {
    let fixture = Fixture::new();
    filled(&fixture, 3).await;
    let key = AuditKey::read(&fixture.path).unwrap();
    let reader = AuditReader::open(&fixture.path).unwrap();
    let rows = reader.page(&AuditQuery { limit: 10, ..AuditQuery::default() }).unwrap();
    let db = rusqlite::Connection::open(&fixture.path).unwrap();
    db.execute_batch(&format!("{UNGUARDED} ALTER TABLE audit DROP COLUMN age")).unwrap();
    let mut previous = [0; 32];
    for row in &rows {
        let hash = AuditRow { age: None, ..row.clone() }.link().hash_of(&previous, &row.body);
        let values = rusqlite::params![previous, hash, key.mac(&hash), row.sequence as i64];
        db.execute("UPDATE audit SET previous = ?1, hash = ?2, mac = ?3 WHERE sequence = ?4", values).unwrap();
        previous = hash;
    }
    db.execute("UPDATE audit_head SET hash = ?1, mac = ?2", rusqlite::params![previous, key.head_mac(3, &previous)])
        .unwrap();
    assert_eq!(fixture.verify().unwrap().count, 3, "before a host of now opened it");
    filled(&fixture, 2).await;
    assert_eq!(fixture.verify().unwrap().count, 5);
    fixture.tamper(&format!("{UNGUARDED} UPDATE audit SET age = NULL WHERE sequence = 5")).unwrap();
    assert_eq!(fixture.broken(), (5, "it was changed"), "an age cannot be taken away");
}
