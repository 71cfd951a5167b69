//! What the edge knows of a request before any protocol looks at it.

use std::{
    borrow::Cow,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering},
    },
};

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use tandem_catalog::{Category, ResolvedTool, Tool, View};
use tandem_engine::traceparent;
use tandem_package::ToolDescriptor;
use tandem_router::CallError;
use tandem_types::Caller;
use uuid::Uuid;

use crate::{config::Exposure, endpoints::NamedEndpoint, heads::Lax};

tokio::task_local! {
    /// The HTTP request that this task serves. It lets what rmcp calls without any context (a tool's schema, a new
    /// session) know who asks.
    pub(crate) static INCOMING: Arc<Incoming>;
}

/// What a connection knows of each of its requests. The listener puts it among their extensions.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionInfo {
    pub(crate) address: IpAddr,
    pub(crate) lax: Lax,
}

/// Which part of the catalog an endpoint shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    Hierarchical,
    Full,
    Category(Arc<str>),
    Named(Arc<NamedEndpoint>),
}

impl From<&Exposure> for Endpoint {
    fn from(exposure: &Exposure) -> Self {
        match exposure {
            Exposure::Hierarchical => Self::Hierarchical,
            Exposure::Full => Self::Full,
            Exposure::Category(name) => Self::Category(name.as_str().into()),
        }
    }
}

impl Endpoint {
    pub(crate) fn shows(&self, category: &str) -> bool {
        match self {
            // A named one has its view narrowed.
            Self::Hierarchical | Self::Full | Self::Named(_) => true,
            Self::Category(name) => **name == *category,
        }
    }

    /// What of a view is there.
    pub(crate) fn narrow(&self, view: View) -> View {
        match self {
            Self::Named(named) => view.select(named.clone()),
            _ => view,
        }
    }

    /// Whether it lists the meta-tools, and calls other tools by them.
    pub(crate) fn has_meta_tools(&self) -> bool {
        match self {
            Self::Hierarchical => true,
            Self::Full | Self::Category(_) => false,
            Self::Named(named) => !named.lists_all,
        }
    }

    /// A tool's name here.
    pub(crate) fn name_of<'n>(&'n self, own: &'n str) -> &'n str {
        match self {
            Self::Named(named) => named.name_of(own),
            _ => own,
        }
    }

    /// A tool's descriptor here.
    pub(crate) fn descriptor<'t>(&self, own: &'t ToolDescriptor) -> Cow<'t, ToolDescriptor> {
        match self {
            Self::Named(named) => named.descriptor(own),
            _ => Cow::Borrowed(own),
        }
    }

    /// Adds what this endpoint fixes of a tool's arguments.
    ///
    /// # Errors
    ///
    /// The call has one of them itself.
    pub(crate) fn complete(&self, tool: &Tool, arguments: &mut Map<String, Value>) -> Result<(), CallError> {
        match self {
            Self::Named(named) => named.complete(&tool.descriptor.name, arguments),
            _ => Ok(()),
        }
    }

    fn own_name<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        match self {
            Self::Named(named) => named.own_name(name),
            _ => Some(name),
        }
    }

    /// Whether a tool that was found by some name has that one here: an alias is none of a renamed tool.
    fn is_called(&self, tool: &Tool, name: &str) -> bool {
        match self {
            Self::Named(named) => {
                named.name_of(&tool.descriptor.name) == name || !named.is_renamed(&tool.descriptor.name)
            }
            _ => true,
        }
    }

    /// The tool of this name, if it can be called here.
    pub(crate) fn tool<'a>(&self, view: &'a View, name: &str) -> Option<&'a Arc<Tool>> {
        let found = view.tool(self.own_name(name)?).filter(|tool| self.is_called(tool, name));
        found.filter(|tool| self.shows(&tool.category))
    }

    /// The same, with what a call of it needs.
    pub(crate) fn resolve(&self, view: &View, name: &str) -> Option<ResolvedTool> {
        let found = view.resolve(self.own_name(name)?).filter(|resolved| self.is_called(&resolved.tool, name));
        found.filter(|resolved| self.shows(&resolved.category.name))
    }

    pub(crate) fn categories<'a>(&self, view: &'a View) -> impl Iterator<Item = &'a Arc<Category>> {
        view.categories().filter(move |category| self.shows(&category.name))
    }
}

/// One request, after authentication.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) caller: Caller,
    pub(crate) endpoint: Endpoint,
    pub(crate) request_id: Arc<str>,
    pub(crate) traceparent: Option<Arc<str>>,
    /// Where its connection comes from; a proxy's, behind one.
    pub(crate) address: Option<IpAddr>,
    /// The limit that a session was refused for; 0 is none.
    session_refused: AtomicUsize,
    /// The status that a stream was not resumed with; 0 is none.
    resume_refused: AtomicU16,
    /// Whether reading it, or writing its answer, would hold up others.
    large: AtomicBool,
}

impl Incoming {
    pub(crate) fn new(caller: Caller, endpoint: Endpoint, traceparent: Option<Arc<str>>) -> Self {
        Self {
            caller,
            endpoint,
            request_id: request_id(),
            traceparent,
            address: None,
            session_refused: AtomicUsize::new(0),
            resume_refused: AtomicU16::new(0),
            large: AtomicBool::new(false),
        }
    }

    /// The same request, from somewhere.
    pub(crate) fn at_address(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// The same request, at another endpoint.
    pub(crate) fn at(&self, endpoint: Endpoint) -> Self {
        Self {
            caller: self.caller.clone(),
            endpoint,
            request_id: self.request_id.clone(),
            traceparent: self.traceparent.clone(),
            address: self.address,
            session_refused: AtomicUsize::new(0),
            resume_refused: AtomicU16::new(0),
            large: AtomicBool::new(false),
        }
    }

    /// Notes the size of its body or of its answer, which are worked on apart from the threads that serve if it is large.
    pub(crate) fn note_bytes(&self, bytes: usize) {
        if !tandem_router::is_small(bytes) {
            self.large.store(true, Ordering::Release);
        }
    }

    /// Whether its body or its answer is large.
    pub(crate) fn is_large(&self) -> bool {
        self.large.load(Ordering::Acquire)
    }

    /// Notes that a session was asked for and could not be had.
    pub(crate) fn refuse_session(&self, limit: usize) {
        self.session_refused.store(limit, Ordering::Relaxed);
    }

    /// The limit that a session was refused for.
    pub(crate) fn refused_session(&self) -> Option<usize> {
        Some(self.session_refused.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    /// Notes that a stream was to be resumed and could not be.
    pub(crate) fn refuse_resume(&self, status: StatusCode) {
        self.resume_refused.store(status.as_u16(), Ordering::Relaxed);
    }

    /// The status that a stream was not resumed with.
    pub(crate) fn refused_resume(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.resume_refused.load(Ordering::Relaxed)).ok()
    }
}

/// A new request id: a UUIDv7, so that ids sort by time.
pub(crate) fn request_id() -> Arc<str> {
    let mut buffer = Uuid::encode_buffer();
    Arc::from(&*Uuid::now_v7().hyphenated().encode_lower(&mut buffer))
}

pub(crate) fn traceparent_of(headers: &HeaderMap) -> Option<Arc<str>> {
    traceparent(headers.get("traceparent")?.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_distinct_and_of_version_7() {
        let (a, b) = (request_id(), request_id());
        assert_ne!(a, b);
        assert_eq!(a.parse::<Uuid>().unwrap().get_version_num(), 7);
    }
}
