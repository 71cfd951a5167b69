//! Streams that peers open: each is read by a task of its own, and its requests run beside each other.

use std::{collections::HashMap, sync::Arc};

use futures::{AsyncReadExt as _, StreamExt as _};
use libp2p::{PeerId, Stream};
use serde_json::{Map, Value};
use tandem_types::exact::ExactNumbers;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use super::{
    Outlet, Service,
    dialect::{Dialect, Dialects},
    error::RpcError,
    frame::{self, Frame},
    message::{self, Message},
    quota::Quotas,
    typed,
};
use crate::trust::quota::WireLimits;

/// Takes streams for ever. It only starts a task for each: the library keeps no queue of streams that nobody takes.
pub async fn accept(
    mut streams: libp2p_stream::IncomingStreams,
    service: Arc<dyn Service>,
    limits: WireLimits,
    dialects: Dialects,
) {
    let quotas = Quotas::new(limits);
    while let Some((peer, stream)) = streams.next().await {
        let place = match quotas.stream(&peer) {
            Ok(place) => place,
            Err(error) => {
                service.fault(peer, &format!("it opened a stream too many: {error}"));
                continue;
            }
        };
        let (service, quotas, dialects) = (service.clone(), quotas.clone(), dialects.clone());
        tokio::spawn(async move {
            serve(peer, stream, &quotas, &service, &dialects).await;
            drop(place);
        });
    }
}

async fn serve(peer: PeerId, stream: Stream, quotas: &Quotas, service: &Arc<dyn Service>, dialects: &Dialects) {
    let (mut reader, mut writer) = stream.split();
    // As many answers as requests may be under way, and one for a refusal: who asks more waits until they are taken.
    let (answers, mut ready) = mpsc::channel::<Value>(quotas.limits.in_flight as usize + 1);
    let writing = async {
        while let Some(answer) = ready.recv().await {
            frame::send(&mut writer, &whole(&answer)?).await?;
        }
        Ok::<_, frame::FrameError>(())
    };
    let reading = async {
        // Ends what still runs for this stream when the stream ends.
        let mut running = Running::default();
        while let Some(frame) = frame::read(&mut reader).await? {
            if quotas.pace(&peer, frame.bytes).await.is_err() {
                break;
            }
            running.sweep();
            if is_typed(&frame) && dialects.of(&peer) != Dialect::Typed {
                dialects.set(peer, Dialect::Typed);
            }
            if take(peer, frame, quotas, service, &answers, &mut running).await.is_err() {
                break;
            }
        }
        while running.work.join_next().await.is_some() {}
        drop(answers);
        Ok::<_, frame::FrameError>(())
    };
    if let Err(error) = tokio::try_join!(reading, writing)
        && error.is_fault()
    {
        service.fault(peer, &error.to_string());
    }
}

/// Whether a peer speaks bodies with a `type`.
fn is_typed(frame: &Frame) -> bool {
    frame.value.get("type").is_some_and(Value::is_string) && frame.value.get("jsonrpc").is_none()
}

/// The frame of an answer. One that is too long is ours, and the peer hears so.
fn whole(answer: &Value) -> Result<Vec<u8>, frame::FrameError> {
    match frame::encode(answer) {
        Err(error @ frame::FrameError::TooLong(_)) => {
            let error = RpcError::limited(format!("the answer does not fit: {error}"));
            frame::encode(&message::instead(answer, error))
        }
        encoded => encoded,
    }
}

/// Requests under way on one stream.
#[derive(Default)]
struct Running {
    work: JoinSet<()>,
    /// By their ids; bounded by the peer's requests under way.
    by_id: HashMap<Value, AbortHandle>,
}

impl Running {
    /// Forgets those that have ended.
    fn sweep(&mut self) {
        while self.work.try_join_next().is_some() {}
        self.by_id.retain(|_, handle| !handle.is_finished());
    }

    /// Stops a request of this peer, which asks for no answer any more (`notifications/cancelled` of MCP).
    fn cancel(&mut self, params: &Map<String, Value>) {
        if let Some(handle) = params.get("requestId").and_then(|id| self.by_id.remove(id)) {
            handle.abort();
        }
    }
}

/// Makes a frame of an outcome, in the form of its request.
type Encode = Box<dyn FnOnce(Result<Value, RpcError>) -> Value + Send>;

/// Starts the work for one frame. An error says that nobody takes answers any more.
async fn take(
    peer: PeerId,
    frame: Frame,
    quotas: &Quotas,
    service: &Arc<dyn Service>,
    answers: &mpsc::Sender<Value>,
    running: &mut Running,
) -> Result<(), mpsc::error::SendError<Value>> {
    let Frame { value, exact, .. } = frame;
    let wide = exact.as_ref().and_then(|exact| exact.wide_integer(&value));
    let arguments = |path: &[&str]| exact.as_ref().and_then(|exact| exact.under(path)).map(Arc::new);
    let message = match Message::read(value) {
        Ok(message) => message,
        Err(refused) => {
            let (id, error) = *refused;
            service.fault(peer, &error.message);
            return answers.send(message::response(&id, Err(error))).await;
        }
    };
    let mut number = None;
    let (method, params, exact, encode): (_, _, Option<Arc<ExactNumbers>>, Encode) = match message {
        Message::Request { id, method, params } => {
            number = Some(id.clone());
            let exact = arguments(&["params", "arguments"]);
            (method, params, exact, Box::new(move |result| message::response(&id, result)))
        }
        Message::Older { id, tool, args } => {
            let params = [("name".to_owned(), tool.into()), ("arguments".to_owned(), args.into())];
            let encode = move |result| message::older(id.as_ref(), result);
            let exact = arguments(&["args"]).or_else(|| arguments(&["arguments"]));
            ("tools/call".to_owned(), params.into_iter().collect(), exact, Box::new(encode))
        }
        Message::Typed { id, method, params } if typed::is_method(&method) => {
            let (named, exact) = (method.clone(), arguments(&["params", "arguments"]));
            (method, params, exact, Box::new(move |result| typed::response(id.as_ref(), &named, result)))
        }
        Message::Typed { id, method, mut params } => {
            let (meta, exact) = (params.remove("_meta"), arguments(&["params"]));
            let mut call =
                Map::from_iter([("name".to_owned(), method.as_str().into()), ("arguments".to_owned(), params.into())]);
            call.extend(meta.map(|meta| ("_meta".to_owned(), meta)));
            let encode = move |result: Result<Value, RpcError>| {
                typed::response(id.as_ref(), &method, result.and_then(typed::tool_result))
            };
            ("tools/call".to_owned(), call, exact, Box::new(encode))
        }
        Message::Notification { method, params } if method == "notifications/cancelled" => {
            running.cancel(&params);
            return Ok(());
        }
        Message::Notification { method, params } => {
            service.notified(peer, &method, params);
            return Ok(());
        }
        // Nothing is asked on a stream that the peer opened, so nothing is answered on it.
        Message::Response { .. } | Message::TypedResponse { .. } => {
            service.fault(peer, "a response without a request");
            return Ok(());
        }
    };
    // A tool's arguments are looked at where the tool is known: some keep every digit.
    if let Some(at) = wide.filter(|_| method != "tools/call") {
        return answers.send(encode(Err(RpcError::invalid(message::wide(&at))))).await;
    }
    let place = match quotas.request(&peer) {
        Ok(place) => place,
        Err(error) => return answers.send(encode(Err(RpcError::limited(error.to_string())))).await,
    };
    let (work, answers) = (service.request(peer, method, params, exact, Outlet::new(answers.clone())), answers.clone());
    let handle = running.work.spawn(async move {
        let answer = encode(work.await);
        drop(place);
        // The peer may be gone; then nobody is told.
        drop(answers.send(answer).await);
    });
    if let Some(id) = number {
        running.by_id.insert(id, handle);
    }
    Ok(())
}
