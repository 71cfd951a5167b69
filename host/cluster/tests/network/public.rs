//! Where others see this host.

use axum::{Router, http::StatusCode, routing::get};
use tandem_cluster::{P2pError, P2pRequest};

use crate::kit::{Host, config};

async fn page(answer: (StatusCode, String)) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ip", listener.local_addr().unwrap());
    let page = Router::new().route("/ip", get(move || std::future::ready(answer.clone())));
    tokio::spawn(async move { axum::serve(listener, page).await });
    url
}

fn asked(methods: &[&str]) -> P2pRequest {
    P2pRequest::PublicAddresses { methods: methods.iter().map(|&text| text.to_owned()).collect(), timeout_s: 5 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_the_operators_choice_tells_the_address() {
    let mut p2p = config();
    p2p.nat.ip_urls = vec![page((StatusCode::OK, "203.0.113.7\n".to_owned())).await.parse().unwrap()];
    let host = Host::start(&p2p).await;
    for methods in [&["http"][..], &[]] {
        let answer = host.request(asked(methods)).await.unwrap();
        let found = &answer["addresses"][0];
        assert_eq!((&found["ip"], &found["method"]), (&"203.0.113.7".into(), &"http".into()), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_that_answers_an_address_counts() {
    // One accepts and never answers; one answers nonsense.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut p2p = config();
    p2p.nat.ip_urls = vec![
        format!("http://{}/ip", mute.local_addr().unwrap()).parse().unwrap(),
        page((StatusCode::OK, "<html>".to_owned())).await.parse().unwrap(),
        page((StatusCode::OK, "203.0.113.9".to_owned())).await.parse().unwrap(),
    ];
    let host = Host::start(&p2p).await;
    let methods = vec!["http".to_owned()];
    let answer = host.request(P2pRequest::PublicAddresses { methods, timeout_s: 60 });
    let answer = tokio::time::timeout(std::time::Duration::from_secs(30), answer).await.unwrap().unwrap();
    assert_eq!(answer["addresses"][0]["ip"], "203.0.113.9", "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_answers_something_else_is_an_error_and_so_is_none() {
    let long = "1".repeat(10_000);
    let answers = [
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::BAD_GATEWAY, "203.0.113.7".to_owned()),
        (StatusCode::OK, long),
    ];
    for (answer, expected) in answers.into_iter().zip(["no address", "502", "more than 4096 bytes"]) {
        let mut p2p = config();
        p2p.nat.ip_urls = vec![page(answer).await.parse().unwrap()];
        let host = Host::start(&p2p).await;
        let error = host.request(asked(&["http"])).await.unwrap_err();
        assert!(matches!(&error, P2pError::Unavailable(text) if text.contains(expected)), "{error}");
    }
    let host = Host::start(&config()).await;
    for (method, remedy) in [("http", "p2p.nat.ip-urls"), ("autonat", "nat")] {
        let error = host.request(asked(&[method])).await.unwrap_err();
        assert!(matches!(&error, P2pError::Unavailable(text) if text.contains(remedy)), "{error}");
    }
    assert!(matches!(host.request(asked(&["dns"])).await.unwrap_err(), P2pError::InvalidArgument(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_tell_what_they_see() {
    let (here, there) = (Host::start(&config()).await, Host::start(&config()).await);
    here.connect(&there.address()).await;
    here.meets(&there.peer).await;
    let answer = here.request(asked(&["identify"])).await.unwrap();
    let found = &answer["addresses"][0];
    assert_eq!((&found["ip"], &found["confirmations"]), (&"127.0.0.1".into(), &1.into()), "{answer}");
    assert_eq!(answer["reachability"], "private", "an address of the own network proves no more: {answer}");
}
