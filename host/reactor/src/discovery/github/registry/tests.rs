use axum::http::StatusCode;
use libp2p_identity::Keypair;
use tandem_types::Secret;

use super::*;
use crate::discovery::{
    github::{CommentError, stand_in::StandIn},
    record::RecordError,
    testing::{MINUTE, NOW, document, key, record_at, resigned},
};

const COMMENTS: &str = "/repos/owner/name/issues/7/comments?per_page=100";

fn settings(server: &StandIn, token: Option<&str>) -> GithubSettings {
    GithubSettings {
        api_base: format!("http://{}/api/v3/", server.address).parse().unwrap(),
        repository: "owner/name".parse().unwrap(),
        issue: None,
        token: token.map(|token| Secret::new(token.into())),
        timeout: Duration::from_secs(20),
    }
}

fn registry(server: &StandIn, account: u64) -> GithubRegistry {
    GithubRegistry::new(&settings(server, Some(&format!("account-{account}")))).unwrap()
}

fn anonymous(server: &StandIn) -> GithubRegistry {
    GithubRegistry::new(&settings(server, None)).unwrap()
}

fn text(key: &Keypair, sequence: u64) -> String {
    comment::write(&record_at(key, sequence, NOW))
}

#[tokio::test]
async fn hosts_find_each_other_and_renew_their_own_comment() {
    let server = StandIn::start().await;
    let ((a_key, a), (b_key, b)) = (key(), key());
    let (mut first, mut second) = (registry(&server, 1), registry(&server, 2));
    server.put(9, "Please do not comment here.".into());
    let comment = first.publish(&record_at(&a_key, 1, NOW), NOW).await.unwrap();
    second.publish(&record_at(&b_key, 1, NOW), NOW).await.unwrap();
    assert_eq!(first.publish(&record_at(&a_key, 2, NOW), NOW).await.unwrap(), comment);
    // After a restart it finds its comment again.
    assert_eq!(registry(&server, 1).publish(&record_at(&a_key, 3, NOW), NOW).await.unwrap(), comment);
    let listing = anonymous(&server).list(NOW).await.unwrap();
    let mut found: Vec<_> = listing.records.iter().map(|record| (record.peer(), record.sequence())).collect();
    let mut expected = vec![(a, 3), (b, 1)];
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!((found, listing.bad.len(), listing.truncated), (expected, 0, false));
    assert_eq!(server.with(|inner| inner.comments.len()), 3);

    // Somebody deleted it.
    server.with(|inner| inner.comments.retain(|written| written.id != comment));
    let renewed = first.publish(&record_at(&a_key, 4, NOW), NOW.after(POLL)).await.unwrap();
    assert_ne!(renewed, comment);
}

#[tokio::test]
async fn all_pages_are_read_and_asked_for_again_only_when_they_changed() {
    let server = StandIn::start().await;
    let keys: Vec<_> = (0..230).map(|_| key().0).collect();
    for key in &keys {
        server.put(3, text(key, 1));
    }
    let mut registry = anonymous(&server);
    assert_eq!(registry.list(NOW).await.unwrap().records.len(), 230);
    assert_eq!(server.log().len(), 1 + 3);
    // Within a minute nothing is asked for.
    assert_eq!(registry.list(NOW.after(MINUTE / 2)).await.unwrap().records.len(), 230);
    assert_eq!(server.log(), Vec::<String>::new());
    // Then only whether something changed.
    let before = registry.list(NOW.after(POLL)).await.unwrap();
    let page = |status: u16, page: usize| format!("GET {status} {COMMENTS}&page={page}");
    assert_eq!(server.log(), [format!("GET 304 {COMMENTS}"), page(304, 2), page(304, 3)]);
    server.with(|inner| inner.comments[150].body = text(&keys[150], 2));
    let after = registry.list(NOW.after(2 * POLL)).await.unwrap();
    assert_eq!(server.log(), [format!("GET 304 {COMMENTS}"), page(200, 2), page(304, 3)]);
    let changed: Vec<_> = after.records.iter().filter(|record| !before.records.contains(record)).collect();
    assert_eq!(changed.iter().map(|record| record.sequence()).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_page_that_follows_a_full_last_page_is_found() {
    let server = StandIn::start().await;
    for _ in 0..100 {
        server.put(3, "chat".into());
    }
    let mut registry = anonymous(&server);
    assert!(registry.list(NOW).await.unwrap().records.is_empty());
    server.put(3, text(&key().0, 1));
    assert_eq!(registry.list(NOW.after(POLL)).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn pages_are_bounded_and_stay_on_the_server() {
    let server = StandIn::start().await;
    for _ in 0..1_050 {
        server.put(3, "chat".into());
    }
    let listing = anonymous(&server).list(NOW).await.unwrap();
    assert!(listing.truncated);
    assert_eq!(server.log().len(), 1 + MAX_PAGES);
    // A link to another server, where the token must not go.
    let other = StandIn::start().await;
    server.with(|inner| {
        inner.elsewhere = Some(format!("http://{}/api/v3/repos/owner/name/issues/7/comments", other.address))
    });
    registry(&server, 1).list(NOW).await.unwrap();
    assert_eq!(other.log(), Vec::<String>::new());
    // One that goes round.
    server.with(|inner| inner.elsewhere = None);
    let long = "x".repeat(60_000);
    server.with(|inner| inner.comments.iter_mut().take(100).for_each(|written| written.body = "\u{1}".repeat(60_000)));
    server.with(|inner| inner.comments.truncate(101));
    server.with(|inner| inner.comments[100].body = format!("{}{long}", text(&key().0, 1)));
    let listing = anonymous(&server).list(NOW).await.unwrap();
    assert_eq!((listing.records.len(), listing.truncated), (1, true), "a page that is too long hides no other");
}

#[tokio::test]
async fn forged_edited_and_copied_comments_are_not_believed() {
    let server = StandIn::start().await;
    let ((good_key, good), (victim_key, victim), (attacker, attacker_id)) = (key(), key(), key());
    server.put(1, text(&good_key, 5));
    // An older record of the same host, played again by another account.
    server.put(6, text(&good_key, 4));
    // In the name of the victim, with the attacker's key.
    let forged = resigned(&record_at(&victim_key, 9, NOW), &attacker, |_| ());
    let forged =
        text(&victim_key, 9).replace(record_at(&victim_key, 9, NOW).text(), std::str::from_utf8(&forged).unwrap());
    let forged = server.put(6, forged);
    // The victim's own comment, edited by somebody with the right to do so.
    let mut body = document(&record_at(&victim_key, 3, NOW));
    body["body"]["tools"] = serde_json::json!(["evil"]);
    let edited = server.put(2, text(&victim_key, 3).replace(record_at(&victim_key, 3, NOW).text(), &body.to_string()));
    // The attacker's record under the victim's marker.
    let copied = text(&attacker, 1).replace(&format!("tandem-peer:{attacker_id}"), &format!("tandem-peer:{victim}"));
    let copied = server.put(6, copied);

    let listing = anonymous(&server).list(NOW).await.unwrap();
    let found: Vec<_> = listing.records.iter().map(|record| (record.peer(), record.sequence())).collect();
    assert_eq!(found, [(good, 5)]);
    let mismatch = RecordError::PeerMismatch { named: victim.into(), signer: attacker_id.into() };
    let bad = |comment, error| BadComment { comment, error };
    assert_eq!(
        listing.bad,
        [
            bad(forged, CommentError::Record(mismatch)),
            bad(edited, CommentError::Record(RecordError::BadSignature)),
            bad(copied, CommentError::OtherPeer(attacker_id)),
        ]
    );
}

#[tokio::test]
async fn a_comment_of_another_account_is_never_taken_for_ones_own() {
    let server = StandIn::start().await;
    let (key, id) = key();
    // Copies of our record in comments of somebody else.
    let copies: Vec<_> = (0..5).map(|_| server.put(6, text(&key, 1))).collect();
    let comment = registry(&server, 1).publish(&record_at(&key, 2, NOW), NOW).await.unwrap();
    assert!(!copies.contains(&comment));
    assert!(!server.log().iter().any(|line| line.starts_with("PATCH")));
    let mut restarted = registry(&server, 1);
    restarted.cleanup(&id, false, NOW.after(60 * MINUTE)).await.unwrap();
    assert_eq!(server.with(|inner| inner.comments.len()), 5, "only our own expired one is gone");

    // The token of an app does not say whose it is: a few are tried.
    server.with(|inner| inner.app = true);
    server.log();
    let comment = registry(&server, 1).publish(&record_at(&key, 3, NOW), NOW).await.unwrap();
    assert!(!copies.contains(&comment));
    let tried = server.log().iter().filter(|line| line.starts_with("PATCH 403")).count();
    assert_eq!(tried, MAX_TRIES);
}

#[tokio::test]
async fn expired_comments_of_the_own_account_are_deleted() {
    let server = StandIn::start().await;
    let ((own, own_id), (dead, dead_id), (other, _)) = (key(), key(), key());
    server.put(1, text(&dead, 1));
    server.put(2, text(&other, 1));
    server.put(1, "chat".into());
    let mut registry = registry(&server, 1);
    let leftover = server.put(1, text(&own, 1));
    let later = NOW.after(31 * MINUTE);
    let current = registry.publish(&record_at(&own, 2, later), later).await.unwrap();
    assert_eq!(current, leftover);
    server.put(1, text(&own, 1));
    let later = later.after(POLL);
    let expected = RemovedComments { removed: vec![dead_id, own_id], kept: 2 };
    assert_eq!(registry.cleanup(&own_id, true, later).await.unwrap(), expected);
    assert_eq!(server.with(|inner| inner.comments.len()), 5);
    assert_eq!(registry.cleanup(&own_id, false, later).await.unwrap(), expected);
    let left =
        server.with(|inner| inner.comments.iter().map(|written| (written.author, written.id)).collect::<Vec<_>>());
    assert_eq!(left, [(2, 2), (1, 3), (1, current)]);
    assert_eq!(registry.cleanup(&own_id, false, later).await.unwrap(), RemovedComments { removed: vec![], kept: 2 });
}

#[tokio::test]
async fn a_rate_limit_is_kept() {
    let server = StandIn::start().await;
    let refuse = |status, headers: &[(&'static str, String)]| {
        server.with(|inner| inner.refuse = Some((status, headers.to_vec())));
    };
    let after = async |registry: &mut GithubRegistry, now| match registry.list(now).await {
        Err(GithubError::RateLimited { retry_after }) => retry_after,
        other => panic!("{other:?}"),
    };
    let seconds = Duration::from_secs;
    refuse(StatusCode::FORBIDDEN, &[("retry-after", "90".into())]);
    let mut registry = registry(&server, 1);
    assert_eq!(after(&mut registry, NOW).await, seconds(90));
    // Until then nothing is asked for.
    server.log();
    assert_eq!(after(&mut registry, NOW.after(seconds(30))).await, seconds(60));
    let refused = registry.publish(&record_at(&key().0, 1, NOW), NOW.after(seconds(89))).await;
    assert!(matches!(refused, Err(GithubError::RateLimited { retry_after }) if retry_after == seconds(1)));
    assert_eq!(server.log(), Vec::<String>::new());
    server.with(|inner| inner.refuse = None);
    registry.list(NOW.after(seconds(90))).await.unwrap();

    let reset = (NOW.0 / 1_000 + 200).to_string();
    refuse(StatusCode::FORBIDDEN, &[("x-ratelimit-remaining", "0".into()), ("x-ratelimit-reset", reset)]);
    assert_eq!(after(&mut anonymous(&server), NOW).await, seconds(200));
    refuse(StatusCode::TOO_MANY_REQUESTS, &[]);
    assert_eq!(after(&mut anonymous(&server), NOW).await, seconds(60));
    refuse(StatusCode::TOO_MANY_REQUESTS, &[("retry-after", "99999999".into())]);
    assert_eq!(after(&mut anonymous(&server), NOW).await, seconds(3_600));
}

#[tokio::test]
async fn every_failure_is_told_apart_and_none_prints_the_token() {
    let server = StandIn::start().await;
    let mut errors = Vec::new();
    let mut wrong = GithubRegistry::new(&settings(&server, Some("ghp_hunter2"))).unwrap();
    let printed = format!("{wrong:?} {:?}", settings(&server, Some("ghp_hunter2")));
    assert!(!printed.contains("hunter2"), "{printed}");
    errors.push(wrong.publish(&record_at(&key().0, 1, NOW), NOW).await.unwrap_err());
    assert!(matches!(errors[0], GithubError::Unauthorized));
    let refused = anonymous(&server).publish(&record_at(&key().0, 1, NOW), NOW).await;
    assert!(matches!(refused, Err(GithubError::NoToken)));
    server.with(|inner| inner.has_issue = false);
    assert!(matches!(anonymous(&server).list(NOW).await, Err(GithubError::NoIssue)));
    let numbered = GithubSettings { issue: Some(8), ..settings(&server, None) };
    assert!(matches!(GithubRegistry::new(&numbered).unwrap().list(NOW).await, Err(GithubError::NotFound { .. })));
    for (status, expected) in [(403, "does not allow"), (404, "has no"), (500, "answered 500"), (301, "answered 301")] {
        let refusal = (StatusCode::from_u16(status).unwrap(), vec![("location", "http://elsewhere.test/".to_owned())]);
        server.with(|inner| inner.refuse = Some(refusal));
        let error = GithubRegistry::new(&settings(&server, Some("ghp_hunter2"))).unwrap().list(NOW).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        errors.push(error);
    }
    server.with(|inner| inner.refuse = Some((StatusCode::OK, Vec::new())));
    errors.push(anonymous(&server).list(NOW).await.unwrap_err());
    assert!(matches!(errors.last(), Some(GithubError::Document { .. })));
    let gone = settings(&server, Some("ghp_hunter2"));
    drop(server);
    tokio::task::yield_now().await;
    let unreachable = GithubRegistry::new(&GithubSettings { api_base: "http://127.0.0.1:1".parse().unwrap(), ..gone });
    errors.push(unreachable.unwrap().list(NOW).await.unwrap_err());
    assert!(matches!(errors.last(), Some(GithubError::Unreachable(_))));
    for error in errors {
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn a_token_does_not_travel_in_the_open() {
    let server = StandIn::start().await;
    let open =
        GithubSettings { api_base: "http://api.example.com".parse().unwrap(), ..settings(&server, Some("account-1")) };
    assert!(matches!(GithubRegistry::new(&open), Err(GithubError::Exposed)));
    let odd = settings(&server, Some("a\nb"));
    assert!(matches!(GithubRegistry::new(&odd), Err(GithubError::Token)));
}
