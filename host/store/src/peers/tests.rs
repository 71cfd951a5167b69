use super::*;

fn peer(name: &str, sequence: u64, seen: u64) -> PeerRow {
    PeerRow {
        peer: name.to_owned(),
        sequence,
        addresses: format!(r#"["/ip4/127.0.0.1/tcp/{sequence}"]"#),
        capabilities: "{}".to_owned(),
        record: sequence.to_be_bytes().to_vec(),
        source: "file".to_owned(),
        first_seen: seen,
        last_seen: seen,
        ..PeerRow::default()
    }
}

fn open(directory: &tempfile::TempDir) -> Store {
    Store::open(&directory.path().join("store.db")).unwrap()
}

async fn names(store: &Store, filter: PeerFilter) -> Vec<String> {
    let page = store.peers(filter, None, 10).await.unwrap();
    assert_eq!(page.total, page.peers.len() as u64);
    page.peers.into_iter().map(|peer| peer.peer).collect()
}

#[tokio::test]
async fn an_older_record_does_not_replace_a_newer_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    assert_eq!(store.upsert_peers(vec![peer("a", 5, 10), peer("b", 1, 10)]).await.unwrap(), 2);
    let replayed = PeerRow { source: "dht".to_owned(), fails: 2, score: -3, ..peer("a", 4, 20) };
    assert_eq!(store.upsert_peers(vec![replayed]).await.unwrap(), 0);
    let kept = PeerRow { last_seen: 20, fails: 2, score: -3, ..peer("a", 5, 10) };
    assert_eq!(store.peer("a".into()).await.unwrap(), Some(kept));
    let ok = PeerRow { last_ok: Some(30), ..peer("a", 6, 30) };
    assert_eq!(store.upsert_peers(vec![ok.clone()]).await.unwrap(), 1);
    assert_eq!(store.peer("a".into()).await.unwrap(), Some(PeerRow { first_seen: 10, ..ok }));
    let large = PeerRow { record: vec![0; MAX_RECORD + 1], ..peer("c", 1, 1) };
    assert!(matches!(store.upsert_peers(vec![large]).await, Err(StoreError::TooLarge(_))));
}

#[tokio::test]
async fn a_peer_that_was_heard_of_again_stays_banned() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    store.upsert_peers(vec![peer("a", 1, 10), peer("b", 1, 20)]).await.unwrap();
    assert!(store.set_peer_trust("a".into(), false, Some(100)).await.unwrap());
    assert!(!store.set_peer_trust("x".into(), true, None).await.unwrap());
    store.upsert_peers(vec![peer("a", 2, 30)]).await.unwrap();
    let of = |banned, now| PeerFilter { banned: Some((banned, now)), ..PeerFilter::default() };
    assert_eq!(names(&store, of(true, 99)).await, ["a"]);
    assert_eq!(names(&store, of(false, 99)).await, ["b"]);
    assert_eq!(names(&store, of(false, 100)).await, ["a", "b"]);
}

#[tokio::test]
async fn peers_are_paged_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let scored = |name: &str, seen, score| PeerRow { score, ..peer(name, 1, seen) };
    store
        .upsert_peers(vec![scored("a", 1, 5), scored("b", 2, 5), scored("c", 3, 9), scored("d", 4, -1)])
        .await
        .unwrap();
    assert_eq!(names(&store, PeerFilter::default()).await, ["d", "c", "b", "a"]);
    let by_score = PeerFilter { sort: PeerSort::Score, ..PeerFilter::default() };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.peers(by_score, after, 1).await.unwrap();
        assert_eq!((page.peers.len(), page.total), (1, 4));
        all.extend(page.peers.into_iter().map(|peer| peer.peer));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(all, ["c", "b", "a", "d"]);
}

#[tokio::test]
async fn all_but_those_that_are_named_are_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    store.upsert_peers(["a", "b\"'", "c"].map(|name| peer(name, 1, 10)).to_vec()).await.unwrap();
    assert_eq!(store.forget_other_peers(vec!["b\"'".into(), "unknown".into()]).await.unwrap(), 2);
    assert_eq!(names(&store, PeerFilter::default()).await, ["b\"'"]);
    let many = vec![String::new(); MAX_PEERS as usize + 1];
    assert!(matches!(store.forget_other_peers(many).await, Err(StoreError::TooLarge(_))));
    assert_eq!(store.forget_other_peers(Vec::new()).await.unwrap(), 1);
}

#[tokio::test]
async fn invented_peers_push_out_the_worst_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let good = PeerRow { score: 10, ..peer("good", 1, 1) };
    store.upsert_peers(vec![good, peer("trusted", 1, 1), peer("banned", 1, 1)]).await.unwrap();
    store.set_peer_trust("trusted".into(), true, None).await.unwrap();
    store.set_peer_trust("banned".into(), false, Some(u64::MAX)).await.unwrap();
    let mut invented = (0..u64::from(MAX_PEERS) + 20).map(|at| peer(&format!("invented-{at:05}"), 1, at + 2));
    loop {
        let some: Vec<_> = invented.by_ref().take(MAX_BATCH).collect();
        if some.is_empty() {
            break;
        }
        store.upsert_peers(some).await.unwrap();
    }
    assert_eq!(store.peers(PeerFilter::default(), None, 1).await.unwrap().total, u64::from(MAX_PEERS));
    for kept in ["good", "trusted", "banned", "invented-05019"] {
        assert!(store.peer(kept.into()).await.unwrap().is_some(), "{kept}");
    }
    assert!(store.peer("invented-00000".into()).await.unwrap().is_none());
}
