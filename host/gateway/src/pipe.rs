//! The messages of a pipe: what cannot be read is answered, and requests have ids of their own.
//!
//! Two requests in flight with one id would get two answers that nobody can tell apart, so the second is refused. rmcp gets
//! numbered ids all the same: what it still does for a cancelled request must not answer the next one of that id.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{SinkExt, future::poll_fn};
use rmcp::{
    RoleServer,
    model::{
        ClientJsonRpcMessage, ClientRequest, GetExtensions as _, JsonRpcMessage, ProtocolVersion, RequestId,
        ServerJsonRpcMessage, ServerResult,
    },
    transport::Transport,
};
use serde_json::value::RawValue;
use tandem_router::ExactNumbers;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Mutex,
};
use tokio_util::codec::{FramedWrite, LinesCodec, LinesCodecError};

use crate::{
    lines::{Line, Lines},
    renumber::Numbers,
    rpc::{self, Input, MAX_BATCH, Refused},
};

/// A pair of streams that carries one JSON-RPC message a line.
pub(crate) struct Pipe<R, W> {
    lines: Lines<R>,
    limit: usize,
    output: Arc<Mutex<Option<FramedWrite<W, LinesCodec>>>>,
    /// What is left of a batch.
    batch: VecDeque<Box<RawValue>>,
    /// An answer of this side, until it is on its way. Nothing is read before: who does not read answers gets no more.
    owed: Option<Refused>,
    flushing: bool,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    numbers: Numbers,
    /// Whether the client's revision has batches.
    batches: AtomicBool,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pipe<R, W> {
    /// Lines may have `limit` bytes.
    pub(crate) fn new(read: R, write: W, limit: usize) -> Self {
        Self {
            lines: Lines::new(read, limit),
            limit,
            output: Arc::new(Mutex::new(Some(FramedWrite::new(write, LinesCodec::new())))),
            batch: VecDeque::new(),
            owed: None,
            flushing: false,
            state: Arc::default(),
        }
    }

    /// Sends what is owed. None where the output is gone. It may be dropped at any time and called again.
    async fn settle(&mut self) -> Option<()> {
        if self.owed.is_none() && !self.flushing {
            return Some(());
        }
        let mut output = self.output.lock().await;
        let output = output.as_mut()?;
        if self.owed.is_some() {
            poll_fn(|cx| SinkExt::<String>::poll_ready_unpin(output, cx)).await.ok()?;
            if let Some(refused) = self.owed.take() {
                output.start_send_unpin(refused.to_json()).ok()?;
                self.flushing = true;
            }
        }
        SinkExt::<String>::flush(output).await.ok()?;
        self.flushing = false;
        Some(())
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<ClientJsonRpcMessage>, Refused> {
        let text = rpc::text(line)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        match rpc::read(text)? {
            Input::One(seen) => self.message(text, seen.id),
            Input::Batch(_) if !self.state.batches.load(Ordering::Relaxed) => Err(rpc::no_batch()),
            Input::Batch(messages) if messages.is_empty() || messages.len() > MAX_BATCH => Err(rpc::wrong_batch()),
            Input::Batch(messages) => {
                self.batch = messages.into_iter().map(ToOwned::to_owned).collect();
                Ok(None)
            }
        }
    }

    fn message(&self, text: &str, id: Option<RequestId>) -> Result<Option<ClientJsonRpcMessage>, Refused> {
        let mut message: ClientJsonRpcMessage = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) if id.is_some() => return Err(rpc::unreadable(id, &error)),
            Err(error) => {
                tracing::debug!(%error, "stdio: unreadable notification or answer");
                return Ok(None);
            }
        };
        let numbers = &self.state.numbers;
        if id.as_ref().is_some_and(|id| numbers.has(id)) {
            return Err(Refused::invalid(id, "a request with this id is in flight; use each id once"));
        }
        // rmcp's values round numbers that a tool may want digit by digit.
        if let (JsonRpcMessage::Request(request), Some(exact)) = (&mut message, ExactNumbers::of(text)) {
            request.request.extensions_mut().insert(Arc::new(exact));
        }
        match &message {
            // Its notifications carry its id, wherever they are made.
            JsonRpcMessage::Request(request)
                if matches!(request.request, ClientRequest::SubscriptionsListenRequest(_)) =>
            {
                numbers.keep(&request.id);
            }
            _ => numbers.number(&mut message),
        }
        Ok(Some(message))
    }

    async fn next(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            self.settle().await?;
            let read = match self.batch.pop_front() {
                Some(message) => {
                    let text = message.get();
                    rpc::message(text).and_then(|seen| self.message(text, seen.id))
                }
                None => match self.lines.next().await {
                    Ok(Some(Line::Whole(line))) => self.line(&line),
                    Ok(Some(Line::TooLong(id))) => Err(rpc::too_long(id, self.limit)),
                    Ok(None) => return None,
                    Err(error) => {
                        tracing::error!(%error, "stdio: cannot read the input");
                        return None;
                    }
                },
            };
            match read {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(refused) => {
                    tracing::debug!(error = %refused.error, "refused a message");
                    self.owed = Some(refused);
                }
            }
        }
    }
}

impl<R, W> Transport<RoleServer> for Pipe<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        mut message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let (output, state) = (self.output.clone(), self.state.clone());
        async move {
            if let JsonRpcMessage::Response(response) = &message
                && let ServerResult::InitializeResult(opened) = &response.result
            {
                let batches = opened.protocol_version == ProtocolVersion::V_2025_03_26;
                state.batches.store(batches, Ordering::Relaxed);
            }
            state.numbers.restore(&mut message);
            let text = serde_json::to_string(&message)?;
            let mut output = output.lock().await;
            let output = output.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            output.send(text).await.map_err(|error| match error {
                LinesCodecError::Io(error) => error,
                LinesCodecError::MaxLineLengthExceeded => io::ErrorKind::InvalidData.into(),
            })
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        self.next().await
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.output.lock().await.take();
        Ok(())
    }
}
