use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::{
    ServerHandler,
    model::{CallToolResult, ContentBlock, InputRequest as WireRequest},
    service::serve_directly,
};
use serde_json::{Map, Value, json};
use tandem_engine::{ClientCapabilities, Input, InputRequest};
use tandem_types::Caller;

use super::*;
use crate::{
    config::StateKey,
    limiter::TenantLimiter,
    mcp::{
        client_port::Threshold,
        mrtr::{Binding, Sealer, Suspended},
    },
};

struct Nobody;
impl ServerHandler for Nobody {}

/// Someone to send events to, and the table and key of a host.
struct Host {
    peer: Peer<RoleServer>,
    table: Arc<Suspended<CallToolResult>>,
    sealer: Sealer,
    binding: Binding,
    _pipe: tokio::io::DuplexStream,
}

fn host(limit: usize, ttl: Duration) -> Host {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let running = serve_directly::<RoleServer, _, _, _, _>(Nobody, tokio::io::split(theirs), None);
    let peer = running.peer().clone();
    tokio::spawn(running.waiting());
    Host {
        peer,
        table: Suspended::new(TenantLimiter::new(limit, limit), ttl),
        sealer: Sealer::new(&StateKey::new([1; 32])),
        binding: Binding::new("tools/call", "t", &Map::new(), &Caller::local()),
        _pipe: ours,
    }
}

fn options() -> PortOptions {
    PortOptions {
        progress: false,
        threshold: Threshold::new(None),
        capabilities: ClientCapabilities { elicitation: true, sampling: true, roots: true },
    }
}

fn form(key: &str) -> InputRequest {
    let requested_schema = json!({"type": "object", "properties": {"v": {"type": "string"}}});
    InputRequest { key: key.to_owned(), input: Input::Elicit { message: key.to_owned(), requested_schema } }
}

fn accept(value: &str) -> Value {
    json!({"action": "accept", "content": {"v": value}})
}

fn answers(pairs: &[(&str, Value)]) -> Answers {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

/// A guest that asks round after round and then says what it heard, or why it did not.
fn guest(
    rounds: &'static [&'static [&'static str]],
) -> impl FnOnce(Arc<dyn ClientPort>, CancellationToken) -> Work<CallToolResult> {
    move |port, cancel| {
        Box::pin(async move {
            let mut heard = Vec::new();
            for keys in rounds {
                let asked = port.request(keys.iter().map(|key| form(key)).collect());
                let got = tokio::select! {
                    got = asked => got,
                    () = cancel.cancelled() => return Err(errors::cancelled()),
                };
                match got {
                    Ok(got) => {
                        heard.extend(got.into_iter().map(|v| v["content"]["v"].as_str().unwrap_or("-").to_owned()))
                    }
                    Err(error) => heard.push(error.to_string()),
                }
            }
            Ok(CallToolResult::success(vec![ContentBlock::text(heard.join(","))]))
        })
    }
}

impl Host {
    async fn drive(&self, driver: CallDriver<CallToolResult>) -> Result<Response<CallToolResult>, ErrorData> {
        let outlet = Outlet { peer: &self.peer, token: None };
        driver.in_rounds(&outlet, &CancellationToken::new(), &self.table, &self.sealer, &self.binding).await
    }

    async fn start(
        &self,
        known: Answers,
        rounds: &'static [&'static [&'static str]],
    ) -> Result<Response<CallToolResult>, ErrorData> {
        self.drive(CallDriver::detached(options(), known, guest(rounds))).await
    }

    async fn resume(&self, state: &str, more: Answers) -> Option<Result<Response<CallToolResult>, ErrorData>> {
        let mut driver = self.table.take(&self.sealer.open(state, &self.binding).unwrap())?;
        driver.resume(more);
        Some(self.drive(driver).await)
    }
}

fn asked(response: Result<Response<CallToolResult>, ErrorData>) -> (Vec<String>, String) {
    let Ok(Response::InputRequired(result)) = response else { panic!("a question was expected: {response:?}") };
    let requests = result.input_requests.unwrap();
    assert!(requests.values().all(|request| matches!(request, WireRequest::Elicitation(_))));
    (requests.into_keys().collect(), result.request_state.unwrap())
}

fn said(response: Result<Response<CallToolResult>, ErrorData>) -> String {
    let Ok(Response::Done(result)) = response else { panic!("an answer was expected: {response:?}") };
    result.content[0].as_text().unwrap().text.clone()
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_call_goes_on_over_several_rounds() {
    let host = host(8, MINUTE);
    let (keys, first) = asked(host.start(Answers::new(), &[&["a"], &["b", "c"]]).await);
    assert_eq!(keys, ["a"]);
    let (keys, second) = asked(host.resume(&first, answers(&[("a", accept("1"))])).await.unwrap());
    assert_eq!(keys, ["b", "c"]);
    assert_ne!(first, second);
    assert!(host.resume(&first, Answers::new()).await.is_none(), "the first round is over");
    let done = host.resume(&second, answers(&[("b", accept("2")), ("c", accept("3")), ("x", json!(0))])).await.unwrap();
    assert_eq!(said(done), "1,2,3");
    assert!(host.resume(&second, Answers::new()).await.is_none(), "the call is over");
}

#[tokio::test]
async fn only_what_is_missing_is_asked_again() {
    let host = host(8, MINUTE);
    let (_, state) = asked(host.start(Answers::new(), &[&["a", "b"]]).await);
    let (keys, state) = asked(host.resume(&state, answers(&[("a", accept("1")), ("wrong", json!(1))])).await.unwrap());
    assert_eq!(keys, ["b"]);
    assert_eq!(said(host.resume(&state, answers(&[("b", accept("2"))])).await.unwrap()), "1,2");
}

#[tokio::test]
async fn answers_that_come_with_the_first_request_spare_the_question() {
    let host = host(8, MINUTE);
    let known = answers(&[("a", accept("1")), ("extra", json!(5))]);
    assert_eq!(said(host.start(known, &[&["a"]]).await), "1");
    let (keys, _) = asked(host.start(answers(&[("wrong", accept("1"))]), &[&["a"]]).await);
    assert_eq!(keys, ["a"]);
}

#[tokio::test]
async fn an_answer_of_another_form_is_the_clients_error() {
    let host = host(8, MINUTE);
    for wrong in [json!(12345), json!(null), json!({"action": "perhaps"})] {
        let error = host.start(answers(&[("a", wrong)]), &[&["a"]]).await.unwrap_err();
        assert_eq!(error.code.0, -32602);
        assert_eq!(error.data.unwrap()["code"], "invalid_input_response");
    }
}

#[tokio::test]
async fn a_full_table_is_the_guests_to_deal_with() {
    let host = host(1, MINUTE);
    let (_, state) = asked(host.start(Answers::new(), &[&["a"]]).await);
    let refused = said(host.start(Answers::new(), &[&["a"]]).await);
    assert!(refused.contains("1 calls wait"), "{refused}");
    assert_eq!(said(host.resume(&state, answers(&[("a", accept("1"))])).await.unwrap()), "1");
    asked(host.start(Answers::new(), &[&["a"]]).await);
}

/// Counts guests that were told to stop.
fn counted(stopped: Arc<AtomicUsize>) -> impl FnOnce(Arc<dyn ClientPort>, CancellationToken) -> Work<CallToolResult> {
    move |port, cancel| {
        Box::pin(async move {
            let asked = port.request(vec![form("a")]);
            tokio::select! {
                _ = asked => {}
                () = cancel.cancelled() => {}
            }
            stopped.fetch_add(1, Ordering::SeqCst);
            Err(errors::cancelled())
        })
    }
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..200 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen in time");
}

#[tokio::test]
async fn a_call_that_waits_too_long_is_stopped() {
    let host = host(8, Duration::from_millis(50));
    let stopped = Arc::new(AtomicUsize::new(0));
    let (_, state) = asked(host.drive(CallDriver::detached(options(), Answers::new(), counted(stopped.clone()))).await);
    until(|| stopped.load(Ordering::SeqCst) == 1).await;
    assert!(host.resume(&state, Answers::new()).await.is_none());
}

#[tokio::test]
async fn a_host_that_shuts_down_stops_what_waits() {
    let host = host(8, MINUTE);
    let stopped = Arc::new(AtomicUsize::new(0));
    asked(host.drive(CallDriver::detached(options(), Answers::new(), counted(stopped.clone()))).await);
    host.table.clear();
    until(|| stopped.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_client_that_gives_up_stops_a_call_that_runs_apart() {
    let host = host(8, MINUTE);
    let stopped = Arc::new(AtomicUsize::new(0));
    let count = stopped.clone();
    let busy = move |_port: Arc<dyn ClientPort>, cancel: CancellationToken| -> Work<CallToolResult> {
        Box::pin(async move {
            cancel.cancelled().await;
            count.fetch_add(1, Ordering::SeqCst);
            Err(errors::cancelled())
        })
    };
    let driver = CallDriver::detached(options(), Answers::new(), busy);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let outlet = Outlet { peer: &host.peer, token: None };
    let ended = driver.in_rounds(&outlet, &cancel, &host.table, &host.sealer, &host.binding).await;
    assert!(ended.is_err());
    until(|| stopped.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn one_tenant_does_not_take_the_places_of_all() {
    let mut host = host(4, Duration::from_secs(60));
    host.table = Suspended::new(TenantLimiter::new(4, 1), Duration::from_secs(60));
    let (_, state) = asked(host.start(Answers::new(), &[&["a"]]).await);
    let refused = said(host.start(Answers::new(), &[&["b"]]).await);
    assert!(refused.contains("1 calls wait"), "{refused}");
    let mine = std::mem::replace(
        &mut host.binding,
        Binding::new("tools/call", "t", &Map::new(), &Caller::new("other", "anonymous")),
    );
    asked(host.start(Answers::new(), &[&["c"]]).await);
    assert!(host.sealer.open(&state, &host.binding).is_err(), "a state of another tenant does not open");
    host.binding = mine;
    assert_eq!(said(host.resume(&state, answers(&[("a", accept("x"))])).await.unwrap()), "x");
}

#[tokio::test]
async fn a_call_that_is_late_goes_on_where_it_was() {
    let host = host(4, Duration::from_secs(60));
    let outlet = Outlet { peer: &host.peer, token: None };
    let cancel = CancellationToken::new();
    let slow = |_port, _cancel| -> Work<CallToolResult> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(CallToolResult::success(vec![ContentBlock::text("done")]))
        })
    };
    let driver = CallDriver::detached(options(), Answers::new(), slow);
    let waits = (&host.table, &host.sealer, &host.binding);
    let round = driver.in_rounds_until(&outlet, &cancel, waits, std::future::ready(())).await.unwrap();
    let Round::Late((), driver) = round else { panic!("it was not late") };
    let answered = driver.in_rounds(&outlet, &cancel, &host.table, &host.sealer, &host.binding).await;
    assert!(matches!(answered, Ok(Response::Done(_))), "{answered:?}");
}
