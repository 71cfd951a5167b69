//! Ids of requests, made unique within this host.
//!
//! A client must not use the id of a request that is in flight for another one, and clients do: some send `1` with every
//! request of a session. The layer below finds the stream, the cancellation and the progress of a request by these ids, so
//! that one would get the answer of the other. Therefore each request goes on with a number before its id and its progress
//! token, and what comes back loses it again. The number is part of the id: no table is needed on the way back, also when
//! a stream is resumed long after its request.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, GetMeta as _, JsonRpcMessage, ProgressToken, RequestId,
    ServerJsonRpcMessage, ServerNotification,
};

/// Requests of one client that a cancellation is looked for in. A client that has more in flight cannot cancel the oldest by
/// name; without a bound, one that never reads its answers would fill the table.
const MAX_IN_FLIGHT: usize = 1024;

/// A request in flight.
#[derive(Debug)]
struct Call {
    /// As the client has it.
    outer: RequestId,
    /// As this host has it.
    inner: RequestId,
}

/// The numbers of one client's requests.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    next: AtomicU64,
    calls: Mutex<VecDeque<Call>>,
}

impl Numbers {
    fn calls(&self) -> std::sync::MutexGuard<'_, VecDeque<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request with this id is in flight.
    pub(crate) fn has(&self, outer: &RequestId) -> bool {
        self.calls().iter().any(|call| call.outer == *outer)
    }

    /// Keeps a request's id as it is.
    pub(crate) fn keep(&self, id: &RequestId) {
        self.begin(Call { outer: id.clone(), inner: id.clone() });
    }

    fn begin(&self, call: Call) {
        let mut calls = self.calls();
        if calls.len() >= MAX_IN_FLIGHT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// Numbers a message on its way in: a request's id, and the id that a cancellation names. Of several requests in flight
    /// with that id it means the last, as the client's own table of requests does.
    pub(crate) fn number(&self, message: &mut ClientJsonRpcMessage) {
        match message {
            JsonRpcMessage::Request(request) => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let inner = with(number, &request.id);
                let outer = std::mem::replace(&mut request.id, inner.clone());
                self.begin(Call { outer, inner });
            }
            JsonRpcMessage::Notification(notification) => {
                let ClientNotification::CancelledNotification(cancelled) = &mut notification.notification else {
                    return;
                };
                let Some(outer) = &mut cancelled.params.request_id else { return };
                let mut calls = self.calls();
                let position = calls.iter().rposition(|call| call.outer == *outer);
                if let Some(call) = position.and_then(|position| calls.remove(position)) {
                    *outer = call.inner;
                }
            }
            _ => {}
        }
    }

    /// Gives an answer on its way out the client's own id back.
    pub(crate) fn restore(&self, message: &mut ServerJsonRpcMessage) {
        let id = match message {
            JsonRpcMessage::Response(response) => &mut response.id,
            JsonRpcMessage::Error(error) => match &mut error.id {
                Some(id) => id,
                None => return,
            },
            _ => return,
        };
        let mut calls = self.calls();
        let position = calls.iter().position(|call| call.inner == *id);
        if let Some(call) = position.and_then(|position| calls.remove(position)) {
            *id = call.outer;
        } else if let Some(outer) = without(id) {
            // One that is answered a second time, to who resumes its stream.
            *id = outer;
        }
    }
}

/// Gives a request's progress token the number that its id has already: progress finds its stream by the token.
pub(crate) fn number_token(message: &mut ClientJsonRpcMessage) {
    let JsonRpcMessage::Request(request) = message else { return };
    let Some(number) = number_of(&request.id) else { return };
    let meta = request.request.get_meta_mut();
    if let Some(ProgressToken(token)) = meta.get_progress_token() {
        meta.set_progress_token(ProgressToken(with(number, &token)));
    }
}

/// Gives a report of progress the client's own token back.
pub(crate) fn restore_token(message: &mut ServerJsonRpcMessage) {
    let JsonRpcMessage::Notification(notification) = message else { return };
    let ServerNotification::ProgressNotification(progress) = &mut notification.notification else { return };
    let ProgressToken(token) = &mut progress.params.progress_token;
    if let Some(outer) = without(token) {
        *token = outer;
    }
}

fn with(number: u64, id: &RequestId) -> RequestId {
    // As JSON, so that `1` and `"1"` stay two.
    let id = serde_json::to_string(id).unwrap_or_default();
    RequestId::String(format!("{number}:{id}").into())
}

fn split(id: &RequestId) -> Option<(u64, &str)> {
    let RequestId::String(text) = id else { return None };
    let (number, id) = text.split_once(':')?;
    Some((number.parse().ok()?, id))
}

fn number_of(id: &RequestId) -> Option<u64> {
    split(id).map(|(number, _)| number)
}

fn without(id: &RequestId) -> Option<RequestId> {
    split(id).and_then(|(_, id)| serde_json::from_str(id).ok())
}

#[cfg(test)]
mod tests {
    use rmcp::model::ErrorData;
    use serde_json::{Value, json};

    use super::*;

    fn request(id: &Value) -> ClientJsonRpcMessage {
        let meta = json!({"progressToken": id});
        let params = json!({"name": "t", "arguments": {}, "_meta": meta});
        serde_json::from_value(json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})).unwrap()
    }

    fn inner(numbers: &Numbers, id: &Value) -> RequestId {
        let mut message = request(id);
        numbers.number(&mut message);
        message.into_request().unwrap().1
    }

    fn cancelled(numbers: &Numbers, id: &Value) -> RequestId {
        let mut message = serde_json::from_value(
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}),
        )
        .unwrap();
        numbers.number(&mut message);
        let Some(ClientNotification::CancelledNotification(cancelled)) = message.into_notification() else {
            panic!("not a cancellation")
        };
        cancelled.params.request_id.unwrap()
    }

    fn answered(numbers: &Numbers, inner: RequestId) -> Value {
        let mut message = ServerJsonRpcMessage::error(ErrorData::internal_error("x", None), Some(inner));
        numbers.restore(&mut message);
        serde_json::to_value(message).unwrap()["id"].take()
    }

    #[test]
    fn every_request_has_an_id_of_its_own_and_its_answer_the_clients() {
        let numbers = Numbers::default();
        for id in [json!(1), json!("1"), json!("a:b"), json!("7:\"x\""), json!(""), json!(-5)] {
            let (first, second) = (inner(&numbers, &id), inner(&numbers, &id));
            assert_ne!(first, second);
            assert_eq!(answered(&numbers, second), id);
            assert_eq!(answered(&numbers, first), id);
        }
        assert!(numbers.calls().is_empty(), "what is answered is forgotten");
    }

    #[test]
    fn a_cancellation_means_the_last_request_of_its_id_and_type() {
        let numbers = Numbers::default();
        let (_first, text, last) =
            (inner(&numbers, &json!(1)), inner(&numbers, &json!("1")), inner(&numbers, &json!(1)));
        assert_eq!(cancelled(&numbers, &json!(1)), last);
        assert_eq!(cancelled(&numbers, &json!("1")), text);
        assert!(numbers.has(&RequestId::Number(1)) && !numbers.has(&RequestId::String("1".into())));
        assert_eq!(cancelled(&numbers, &json!(9)), RequestId::Number(9), "what is unknown stays as it is");
    }

    #[test]
    fn the_table_of_requests_in_flight_is_bounded() {
        let numbers = Numbers::default();
        for id in 0..MAX_IN_FLIGHT + 5 {
            inner(&numbers, &json!(id));
        }
        assert_eq!(numbers.calls().len(), MAX_IN_FLIGHT);
    }

    #[test]
    fn progress_has_the_clients_token_again() {
        let numbers = Numbers::default();
        let mut message = request(&json!("p"));
        numbers.number(&mut message);
        number_token(&mut message);
        let (request, id) = message.into_request().unwrap();
        let token = request.get_meta().get_progress_token().unwrap();
        assert_ne!(token.0, RequestId::String("p".into()));
        assert_eq!(number_of(&token.0), number_of(&id));
        let mut report: ServerJsonRpcMessage = serde_json::from_value(json!({"jsonrpc": "2.0",
            "method": "notifications/progress", "params": {"progressToken": token, "progress": 1.0}}))
        .unwrap();
        restore_token(&mut report);
        assert_eq!(serde_json::to_value(report).unwrap()["params"]["progressToken"], "p");
    }
}
