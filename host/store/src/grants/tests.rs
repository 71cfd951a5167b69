use super::*;
use crate::{AuditKey, AuditQuery, AuditReader};

fn words(text: &str) -> (GrantItem, GrantChange) {
    match text.strip_prefix('-') {
        Some(item) => (item.parse().unwrap(), GrantChange::Revoke),
        None => GrantChange::from_words(text).unwrap(),
    }
}

async fn edit(store: &Store, tenant: Option<&str>, edit: GrantEdit) -> Overlays {
    let event = EventRecord::of_host("grant.changed");
    let tenant = tenant.map(|tenant| tenant.parse().unwrap());
    store.edit_grants("p".parse().unwrap(), tenant, edit, event).await.unwrap()
}

#[tokio::test]
async fn changes_are_kept_told_and_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = Store::open(&path).unwrap();
    let before = store.policy_version().await.unwrap();
    let changes = ["-fs", "fs.data=/x:rw", "-http.a.test", "http=b.test:1", "env.A=b", "-kv"].map(words).to_vec();
    let after = edit(&store, None, GrantEdit::Record(changes)).await;
    let after_two = edit(&store, Some("acme"), GrantEdit::Record(vec![words("-invoke")])).await;
    assert_ne!(after, after_two);
    assert_eq!(store.policy_version().await.unwrap(), before + 2);
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.overlays().await.unwrap(), after_two, "what is read is what was written, in its order");
    assert_eq!(edit(&store, Some("acme"), GrantEdit::Clear(None)).await.iter().count(), 2, "all are listed");
    assert_eq!(store.overlays().await.unwrap(), after);
    let reader = AuditReader::open(&path).unwrap();
    assert_eq!(reader.verify(&AuditKey::read(&path).unwrap()).unwrap().count, 3);
    let rows = reader.page(&AuditQuery { limit: 9, ..AuditQuery::default() }).unwrap();
    assert!(rows.iter().all(|row| row.body.contains("grant.changed")));
}

#[tokio::test]
async fn too_many_changes_are_refused_whole() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("store.db")).unwrap();
    let many = (0..=MAX_CHANGES).map(|i| words(&format!("env.A{i}=b"))).collect();
    let event = EventRecord::of_host("grant.changed");
    let refused = store.edit_grants("p".parse().unwrap(), None, GrantEdit::Record(many), event).await;
    assert!(matches!(refused, Err(StoreError::TooLarge(_))), "{refused:?}");
    assert_eq!(store.overlays().await.unwrap(), Overlays::default());
    assert_eq!(store.policy_version().await.unwrap(), 0);
}
