//! The way back from a call to its client: progress, log entries and questions.
//!
//! The guest's side never blocks and never touches the connection: it puts events into a bounded channel, and the
//! task that answers the request takes them out and sends them. So events keep their order, all of them are sent
//! before the answer, and whoever asks is heard on the stream of the request that made it ask. When the channel is
//! full, progress and log entries are dropped; a question waits.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU8, Ordering},
};

use futures::future::BoxFuture;
use rmcp::model::{
    CreateMessageRequest, CreateMessageRequestParams, CreateMessageResult, ElicitRequest, ElicitRequestParams,
    ElicitResult, InputRequest as WireRequest, ListRootsRequest, ListRootsResult,
};
use serde_json::{Value, json};
use tandem_engine::{ClientCapabilities, ClientPort, Input, InputError, InputRequest, Level};
use tokio::sync::{mpsc, oneshot};

/// Events on their way to a client. Enough for a burst between two turns of the task that sends them.
const EVENTS: usize = 64;

/// What a call tells its client.
#[derive(Debug)]
pub(crate) enum Event {
    Progress { done: f64, total: Option<f64>, message: Option<String> },
    Log { level: Level, logger: Option<String>, data: Value },
    Ask(Ask),
}

/// Questions that a call waits for.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) questions: Vec<Question>,
    pub(crate) reply: oneshot::Sender<Result<Vec<Value>, InputError>>,
}

/// An answer has another form than its question asks for.
#[derive(Debug, thiserror::Error)]
#[error("the answer to `{key}` has another form than was asked for: {source}")]
pub(crate) struct WrongForm {
    key: String,
    source: serde_json::Error,
}

/// One question, ready for the wire.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) key: String,
    pub(crate) request: WireRequest,
}

impl Question {
    fn new(request: InputRequest) -> Result<Self, InputError> {
        let wrong = |what: &str, error: serde_json::Error| InputError::Other(format!("{what} is not valid: {error}"));
        let wire = match request.input {
            Input::Elicit { message, requested_schema } => {
                let params = json!({ "message": message, "requestedSchema": requested_schema });
                let params: ElicitRequestParams =
                    serde_json::from_value(params).map_err(|error| wrong("the form", error))?;
                WireRequest::Elicitation(ElicitRequest::new(params))
            }
            Input::Sample(params) => {
                let params: CreateMessageRequestParams =
                    serde_json::from_value(params).map_err(|error| wrong("the sampling request", error))?;
                params.validate().map_err(InputError::Other)?;
                WireRequest::CreateMessage(CreateMessageRequest::new(params))
            }
            Input::Roots => WireRequest::ListRoots(ListRootsRequest::default()),
        };
        Ok(Self { key: request.key, request: wire })
    }

    /// Whether an answer has the form that this question asks for.
    pub(crate) fn check(&self, answer: &Value) -> Result<(), WrongForm> {
        let checked = match &self.request {
            WireRequest::Elicitation(_) => serde_json::from_value::<ElicitResult>(answer.clone()).map(drop),
            WireRequest::CreateMessage(_) => serde_json::from_value::<CreateMessageResult>(answer.clone()).map(drop),
            WireRequest::ListRoots(_) => serde_json::from_value::<ListRootsResult>(answer.clone()).map(drop),
            _ => Ok(()),
        };
        checked.map_err(|source| WrongForm { key: self.key.clone(), source })
    }
}

/// The least severe level that a client wants to see; may change while calls run.
#[derive(Clone, Debug)]
pub(crate) struct Threshold(Arc<AtomicU8>);

impl Threshold {
    const OFF: u8 = u8::MAX;

    pub(crate) fn new(level: Option<Level>) -> Self {
        Self(Arc::new(AtomicU8::new(level.map_or(Self::OFF, |level| level as u8))))
    }

    /// Whether it lets nothing through.
    pub(crate) fn is_off(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::OFF
    }

    pub(crate) fn set(&self, level: Level) {
        self.0.store(level as u8, Ordering::Relaxed);
    }

    fn lets(&self, level: Level) -> bool {
        level as u8 >= self.0.load(Ordering::Relaxed)
    }
}

/// What a port passes on.
#[derive(Clone, Debug)]
pub(crate) struct PortOptions {
    /// Whether the client wants progress.
    pub(crate) progress: bool,
    pub(crate) threshold: Threshold,
    /// What the client can be asked; none where there is no way to ask.
    pub(crate) capabilities: ClientCapabilities,
}

/// One call's way back.
#[derive(Debug)]
pub(crate) struct Port {
    options: PortOptions,
    /// The last progress that was passed on: MCP wants it to grow.
    last: Mutex<f64>,
    events: mpsc::Sender<Event>,
}

impl Port {
    pub(crate) fn new(options: PortOptions) -> (Arc<Self>, mpsc::Receiver<Event>) {
        let (events, receiver) = mpsc::channel(EVENTS);
        (Arc::new(Self { options, last: Mutex::new(f64::NEG_INFINITY), events }), receiver)
    }

    fn offer(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            tracing::debug!("mcp: event dropped, the client reads too slowly");
        }
    }

    async fn ask(&self, requests: Vec<InputRequest>) -> Result<Vec<Value>, InputError> {
        let mut questions = Vec::with_capacity(requests.len());
        for request in requests {
            let (name, there) = match &request.input {
                Input::Elicit { .. } => ("elicitation", self.options.capabilities.elicitation),
                Input::Sample(_) => ("sampling", self.options.capabilities.sampling),
                Input::Roots => ("roots", self.options.capabilities.roots),
            };
            if !there {
                return Err(InputError::Unsupported(name));
            }
            questions.push(Question::new(request)?);
        }
        let (reply, answers) = oneshot::channel();
        let ask = Event::Ask(Ask { questions, reply });
        self.events.send(ask).await.map_err(|_| InputError::Cancelled)?;
        answers.await.unwrap_or(Err(InputError::Cancelled))
    }
}

impl ClientPort for Port {
    fn progress(&self, done: f64, total: Option<f64>, message: Option<String>) {
        if !self.options.progress || !done.is_finite() {
            return;
        }
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if done <= *last {
                return;
            }
            *last = done;
        }
        self.offer(Event::Progress { done, total: total.filter(|total| total.is_finite()), message });
    }

    fn log(&self, level: Level, logger: Option<&str>, data: &Value) {
        if self.options.threshold.lets(level) {
            self.offer(Event::Log { level, logger: logger.map(str::to_owned), data: data.clone() });
        }
    }

    fn capabilities(&self) -> ClientCapabilities {
        self.options.capabilities
    }

    fn request(&self, requests: Vec<InputRequest>) -> BoxFuture<'_, Result<Vec<Value>, InputError>> {
        Box::pin(self.ask(requests))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: ClientCapabilities = ClientCapabilities { elicitation: true, sampling: true, roots: true };

    fn port(
        progress: bool,
        level: Option<Level>,
        capabilities: ClientCapabilities,
    ) -> (Arc<Port>, mpsc::Receiver<Event>) {
        Port::new(PortOptions { progress, threshold: Threshold::new(level), capabilities })
    }

    fn elicit(key: &str) -> InputRequest {
        let requested_schema =
            json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]});
        InputRequest { key: key.to_owned(), input: Input::Elicit { message: "name?".to_owned(), requested_schema } }
    }

    #[test]
    fn progress_is_passed_on_only_when_wanted_and_growing() {
        let (silent, mut none) = port(false, None, ALL);
        silent.progress(1.0, None, None);
        assert!(none.try_recv().is_err());

        let (port, mut events) = port(true, None, ALL);
        for done in [0.0, 50.0, 50.0, 20.0, f64::NAN, 100.0] {
            port.progress(done, Some(100.0), None);
        }
        let mut seen = Vec::new();
        while let Ok(Event::Progress { done, .. }) = events.try_recv() {
            seen.push(done);
        }
        assert_eq!(seen, [0.0, 50.0, 100.0]);
    }

    #[test]
    fn log_entries_below_the_level_stay_here() {
        let (port, mut events) = port(false, Some(Level::Warning), ALL);
        port.log(Level::Info, None, &json!("no"));
        port.log(Level::Error, Some("l"), &json!("yes"));
        assert!(matches!(events.try_recv(), Ok(Event::Log { level: Level::Error, .. })));
        assert!(events.try_recv().is_err());
        let (off, mut none) =
            Port::new(PortOptions { progress: false, threshold: Threshold::new(None), capabilities: ALL });
        off.log(Level::Emergency, None, &json!("no"));
        assert!(none.try_recv().is_err());
    }

    #[test]
    fn a_slow_client_loses_events_and_never_stops_the_guest() {
        let (port, mut events) = port(true, None, ALL);
        for done in 0..1000 {
            port.progress(f64::from(done), None, None);
        }
        let mut seen = 0;
        while events.try_recv().is_ok() {
            seen += 1;
        }
        assert_eq!(seen, EVENTS);
    }

    #[tokio::test]
    async fn a_question_that_the_client_cannot_answer_is_not_asked() {
        let (port, mut events) = port(false, None, ClientCapabilities { sampling: true, ..Default::default() });
        assert_eq!(port.request(vec![elicit("a")]).await, Err(InputError::Unsupported("elicitation")));
        assert!(events.try_recv().is_err());
    }

    #[tokio::test]
    async fn answers_come_back_to_who_asked_and_a_gone_client_is_told() {
        let (port, mut events) = port(false, None, ALL);
        let asking = tokio::spawn({
            let port = port.clone();
            async move { port.request(vec![elicit("a")]).await }
        });
        let Some(Event::Ask(ask)) = events.recv().await else { panic!("a question was expected") };
        assert_eq!(ask.questions[0].key, "a");
        ask.reply.send(Ok(vec![json!({"action": "decline"})])).unwrap();
        assert_eq!(asking.await.unwrap(), Ok(vec![json!({"action": "decline"})]));

        drop(events);
        assert_eq!(port.request(vec![elicit("b")]).await, Err(InputError::Cancelled));
    }

    #[tokio::test]
    async fn a_form_that_the_protocol_does_not_know_is_refused_with_the_reason() {
        let (port, _events) = port(false, None, ALL);
        let input = Input::Elicit { message: "m".to_owned(), requested_schema: json!({"type": "array"}) };
        let Err(InputError::Other(text)) = port.request(vec![InputRequest { key: "a".to_owned(), input }]).await else {
            panic!("a nested form was accepted")
        };
        assert!(text.starts_with("the form is not valid"), "{text}");
    }

    #[test]
    fn answers_are_checked_against_the_kind_of_question() {
        let form = Question::new(elicit("a")).unwrap();
        assert!(form.check(&json!({"action": "accept", "content": {"name": "x"}})).is_ok());
        for wrong in [json!(12345), json!(null), json!({}), json!({"action": "maybe"}), json!([])] {
            assert!(form.check(&wrong).is_err(), "{wrong}");
        }
        let sample = Input::Sample(
            json!({"messages": [{"role": "user", "content": {"type": "text", "text": "hi"}}], "maxTokens": 5}),
        );
        let sample = Question::new(InputRequest { key: "s".to_owned(), input: sample }).unwrap();
        let answer = json!({"role": "assistant", "content": {"type": "text", "text": "yo"}, "model": "m"});
        assert!(sample.check(&answer).is_ok());
        assert!(sample.check(&json!({"action": "accept"})).is_err());
        let roots = Question::new(InputRequest { key: "r".to_owned(), input: Input::Roots }).unwrap();
        assert!(roots.check(&json!({"roots": [{"uri": "file:///a"}]})).is_ok());
        assert!(roots.check(&json!({"roots": [1]})).is_err());
    }

    #[test]
    fn the_forms_of_enumerations_keep_their_shape() {
        let properties = json!({
            "a": {"type": "string", "enum": ["x", "y"]},
            "b": {"type": "string", "oneOf": [{"const": "x", "title": "X"}]},
            "c": {"type": "string", "enum": ["x"], "enumNames": ["X"]},
            "d": {"type": "array", "items": {"type": "string", "enum": ["x"]}},
            "e": {"type": "array", "items": {"anyOf": [{"const": "x", "title": "X"}]}},
            "f": {"type": "string", "default": "n"}, "g": {"type": "integer", "default": 30},
            "h": {"type": "number", "default": 95.5}, "i": {"type": "boolean", "default": true},
        });
        let requested_schema = json!({"type": "object", "properties": properties});
        let input = Input::Elicit { message: "m".to_owned(), requested_schema };
        let question = Question::new(InputRequest { key: "k".to_owned(), input }).unwrap();
        let wire = serde_json::to_value(&question.request).unwrap();
        assert_eq!(wire["method"], "elicitation/create");
        assert_eq!(wire["params"]["requestedSchema"]["properties"], properties);
    }
}
