//! What stands in for the world around a plugin: the network, the client, other tools.
//!
//! Each case is a tenant of its own, so that one case's keys and answers are never another's.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::future::BoxFuture;
use serde_json::Value;
use tandem_engine::{
    CallContext, Capabilities, Capability, ClientCapabilities, ClientPort, HttpFixtures, InputError, InputRequest,
    InvokeError, InvokeOutput, Invoker, Level, UnmatchedRequest,
};

use super::case::{Exchange, Fault, World};

/// The largest answer that a file may hold: as much as a guest may be answered by a tool.
const MAX_BODY: u64 = 64 << 20;

/// Lines of a call's log that are kept to be shown.
const LINES: usize = 200;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the cases may touch, and what they find: by tenant.
#[derive(Default)]
pub(super) struct Worlds {
    project: PathBuf,
    all: Mutex<HashMap<String, Arc<OneWorld>>>,
    nothing: Arc<Capability>,
}

struct OneWorld {
    capability: Arc<Capability>,
    exchanges: Vec<Exchange>,
    tools: BTreeMap<String, Value>,
    requested: Mutex<Vec<String>>,
}

impl Worlds {
    pub(super) fn new(project: PathBuf) -> Self {
        Self { project, ..Self::default() }
    }

    pub(super) fn add(&self, tenant: &str, capability: Capability, world: &World) {
        let one = OneWorld {
            capability: Arc::new(capability),
            exchanges: world.http.clone(),
            tools: world.tools.clone(),
            requested: Mutex::default(),
        };
        locked(&self.all).insert(tenant.to_owned(), Arc::new(one));
    }

    /// URLs that a case asked for, in order.
    pub(super) fn requested(&self, tenant: &str) -> Vec<String> {
        self.world(tenant).map(|world| locked(&world.requested).clone()).unwrap_or_default()
    }

    fn world(&self, tenant: &str) -> Option<Arc<OneWorld>> {
        locked(&self.all).get(tenant).cloned()
    }

    fn body(&self, exchange: &Exchange) -> Result<Vec<u8>, UnmatchedRequest> {
        Ok(match exchange {
            Exchange { body: Some(text), .. } => text.clone().into_bytes(),
            Exchange { json: Some(value), .. } => value.to_string().into_bytes(),
            Exchange { file: Some(file), .. } => {
                let path = self.project.join(file);
                tandem_files::read_regular(&path, MAX_BODY)
                    .map_err(|error| UnmatchedRequest::Unknown(format!("cannot read {}: {error}", path.display())))?
            }
            _ => Vec::new(),
        })
    }
}

impl Capabilities for Worlds {
    fn of(&self, tenant: &str) -> Arc<Capability> {
        self.world(tenant).map_or_else(|| self.nothing.clone(), |world| world.capability.clone())
    }
}

impl HttpFixtures for Worlds {
    fn answer(
        &self,
        tenant: &str,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>, UnmatchedRequest> {
        let world = self.world(tenant).ok_or_else(|| UnmatchedRequest::Unknown("no case runs".to_owned()))?;
        let url = request.uri().to_string();
        locked(&world.requested).push(url.clone());
        let fits = |exchange: &&Exchange| {
            let address = match exchange.url.strip_suffix('*') {
                Some(start) => url.starts_with(start),
                None => url == exchange.url,
            };
            let method =
                exchange.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(request.method().as_str()));
            let body = exchange.request.as_ref().is_none_or(|body| request.body() == body.as_bytes());
            address && method && body
        };
        let exchange = world.exchanges.iter().find(fits).ok_or_else(|| {
            let known: Vec<_> = world.exchanges.iter().map(|exchange| &*exchange.url).collect();
            let method = request.method();
            UnmatchedRequest::Unknown(format!(
                "no answer is recorded for {method} {url}; there are: {}",
                known.join(", ")
            ))
        })?;
        match exchange.fault {
            Some(Fault::Refused) => return Err(UnmatchedRequest::Refused),
            Some(Fault::Timeout) => return Err(UnmatchedRequest::Timeout),
            Some(Fault::Closed) => return Err(UnmatchedRequest::Closed),
            None => {}
        }
        let mut response = http::Response::builder().status(exchange.status.unwrap_or(200));
        if exchange.json.is_some() && !exchange.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
            response = response.header("content-type", "application/json");
        }
        for (name, value) in &exchange.headers {
            response = response.header(name, value);
        }
        let response = response.body(self.body(exchange)?.into());
        response.map_err(|error| UnmatchedRequest::Unknown(format!("the recorded answer of {}: {error}", exchange.url)))
    }
}

impl Invoker for Worlds {
    fn invoke(
        &self,
        parent: Arc<CallContext>,
        tool: String,
        _arguments: String,
    ) -> BoxFuture<'static, Result<InvokeOutput, InvokeError>> {
        let answer = self.world(&parent.caller.tenant).and_then(|world| world.tools.get(&tool).cloned());
        Box::pin(async move {
            let Some(answer) = answer else {
                return Err(InvokeError::NotFound(format!("the case has no answer of `{tool}`; add it under `tools`")));
            };
            let error = answer.get("error").and_then(Value::as_str).map(str::to_owned);
            let text = error.clone().unwrap_or_else(|| answer.to_string());
            let content = serde_json::json!([{ "type": "text", "text": text }]).to_string();
            let structured = error.is_none().then(|| answer.to_string());
            Ok(InvokeOutput { content, structured, is_error: error.is_some() })
        })
    }
}

/// The client of one call.
pub(super) struct Client {
    answers: BTreeMap<String, Value>,
    lines: Mutex<VecDeque<String>>,
}

impl Client {
    pub(super) fn new(answers: BTreeMap<String, Value>) -> Self {
        Self { answers, lines: Mutex::default() }
    }

    /// What the plugin logged, and what it said of its progress.
    pub(super) fn lines(&self) -> Vec<String> {
        locked(&self.lines).iter().cloned().collect()
    }

    fn note(&self, line: String) {
        let mut lines = locked(&self.lines);
        lines.push_back(line);
        if lines.len() > LINES {
            lines.pop_front();
        }
    }
}

impl ClientPort for Client {
    fn progress(&self, done: f64, total: Option<f64>, message: Option<String>) {
        let total = total.map(|total| format!(" of {total}")).unwrap_or_default();
        self.note(format!("progress {done}{total}: {}", message.unwrap_or_default()));
    }

    fn log(&self, level: Level, _logger: Option<&str>, data: &Value) {
        let text = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
        self.note(format!("{}: {text}", format!("{level:?}").to_lowercase()));
    }

    fn capabilities(&self) -> ClientCapabilities {
        let any = !self.answers.is_empty();
        ClientCapabilities { elicitation: any, sampling: any, roots: any }
    }

    fn request(&self, requests: Vec<InputRequest>) -> BoxFuture<'_, Result<Vec<Value>, InputError>> {
        let answers = requests.iter().map(|request| {
            let missing =
                || InputError::Other(format!("the case has no answer to `{}`; add it under `answers`", request.key));
            self.answers.get(&request.key).cloned().ok_or_else(missing)
        });
        let answers = answers.collect();
        Box::pin(async move { answers })
    }
}
