//! Runs a plugin's entries natively, as the host would, for the plugin's own unit tests.
//!
//! `kv`, `cache`, settings, the answers of the client, of servers and of the network of hosts live in the running thread. A
//! client that was given no answer to a question cannot be asked it, a request that nobody answers is denied, and nothing checks arguments against schemas before the call.

use std::marker::PhantomData;

use serde_json::Value;

use crate::bindings::tandem::plugin::types::{Content, PromptOutput, ResourceContents, ToolOutput};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::http;
use crate::p2p;
use crate::plugin::{Arguments, Plugin};

/// A plugin and its world, empty to begin with, in the running thread. One at a time: a new one forgets what the one before
/// held.
///
/// ```
/// use tandem_sdk::{prelude::*, testing::Harness};
///
/// struct Greeter;
///
/// #[tools]
/// impl Greeter {
///     /// Greets.
///     #[tool]
///     fn greet(name: &str) -> Result<String> {
///         kv::set("last", name.as_bytes())?;
///         Ok(format!("{}, {name}", config::require("greeting")?))
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let harness = Harness::<Greeter>::new().config("greeting", "Hello");
/// assert_eq!(harness.text("greet", json!({ "name": "Ada" }))?, "Hello, Ada");
/// assert_eq!(harness.stored("last").as_deref(), Some(&b"Ada"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Harness<P> {
    plugin: PhantomData<P>,
    /// Not to be sent: its world is the thread's.
    thread: PhantomData<*const ()>,
}

impl<P: Plugin> Default for Harness<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Plugin> Harness<P> {
    /// Without settings, keys and answers.
    #[must_use]
    pub fn new() -> Self {
        crate::host::clear();
        Self { plugin: PhantomData, thread: PhantomData }
    }

    /// With a setting of the operator's.
    #[must_use]
    pub fn config(self, key: &str, value: &str) -> Self {
        set_config(key, value);
        self
    }

    /// With a value in the store.
    #[must_use]
    pub fn kv(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        // The thread's store refuses nothing.
        drop(crate::kv::set(key, value.as_ref()));
        self
    }

    /// With the client's answer to a question, as [`set_answer`].
    #[must_use]
    pub fn answer(self, key: &str, result: &Value) -> Self {
        set_answer(key, result);
        self
    }

    /// With servers that answer requests, as [`set_http_answer`].
    ///
    /// ```
    /// use tandem_sdk::http::{Error, Response};
    /// use tandem_sdk::{prelude::*, testing::Harness};
    ///
    /// struct Lengths;
    ///
    /// #[tools]
    /// impl Lengths {
    ///     /// Tells how long a page is.
    ///     #[tool]
    ///     fn length(url: &str) -> Result<usize> {
    ///         Ok(http::get(url)?.ok()?.body.len())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<()> {
    /// let harness = Harness::<Lengths>::new().http(|request| match request.url.as_str() {
    ///     "https://a.example.com/" => Ok(Response::new(200, "four")),
    ///     other => Err(Error::Denied(other.to_owned())),
    /// });
    /// assert_eq!(harness.value("length", json!({ "url": "https://a.example.com/" }))?, json!({ "result": 4 }));
    /// let refused = harness.call("length", json!({ "url": "https://b.example.com/" }));
    /// assert!(matches!(refused, Err(tandem_sdk::Error::Denied(_))));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn http(self, answer: impl Fn(&http::Request) -> Result<http::Response, http::Error> + 'static) -> Self {
        set_http_answer(answer);
        self
    }

    /// Calls a tool, as [`call`].
    ///
    /// # Errors
    /// As [`call`].
    #[allow(clippy::needless_pass_by_value, reason = "`json!` makes a value")]
    pub fn call(&self, tool: &str, arguments: Value) -> Result<ToolOutput> {
        call::<P>(tool, &arguments)
    }

    /// Calls a tool; answers its structured result.
    ///
    /// # Errors
    /// As [`call`].
    pub fn value(&self, tool: &str, arguments: Value) -> Result<Value> {
        Ok(self.call(tool, arguments)?.value())
    }

    /// Calls a tool; answers its text.
    ///
    /// # Errors
    /// As [`call`].
    pub fn text(&self, tool: &str, arguments: Value) -> Result<String> {
        let blocks = self.call(tool, arguments)?.content;
        let texts = blocks.iter().filter_map(|block| match block {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        });
        Ok(texts.collect::<Vec<_>>().join("\n"))
    }

    /// Reads a resource, as [`read`].
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(&self, uri: &str) -> Result<Vec<ResourceContents>> {
        read::<P>(uri)
    }

    /// Fills a prompt in, as [`prompt`].
    ///
    /// # Errors
    /// As [`prompt`].
    pub fn prompt(&self, name: &str, arguments: &[(&str, &str)]) -> Result<PromptOutput> {
        prompt::<P>(name, arguments)
    }

    /// What the store holds.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<Vec<u8>> {
        crate::kv::get(key).ok().flatten()
    }
}

/// A context of no call: without deadline, client or caller.
pub fn ctx() -> Ctx {
    Ctx::detached()
}

/// Gives the plugin a setting, in this thread.
pub fn set_config(key: &str, value: &str) {
    crate::host::config::set(key, value);
}

/// Gives the client's answer to the question of this key, in this thread: an MCP result, such as
/// `{"action": "accept", "content": {…}}`.
pub fn set_answer(key: &str, result: &Value) {
    crate::host::client::set_answer(key, result.to_string());
}

/// Gives the function that answers requests, in this thread. Without one they are denied.
pub fn set_http_answer(answer: impl Fn(&http::Request) -> Result<http::Response, http::Error> + 'static) {
    crate::host::http::set_answer(answer);
}

/// Gives what a function of [`p2p`] answers, in this thread: `task-queue.submit` is `submit` of the interface
/// `task-queue`. Without an answer it is [`p2p::Error::Unavailable`].
pub fn set_p2p_answer(function: &str, answer: Result<Value, p2p::Error>) {
    crate::host::p2p::set_answer(function, answer.map(|document| document.to_string()));
}

/// Takes what was asked of the functions of [`p2p`] in this thread so far, in order: each function's name, as
/// [`set_p2p_answer`] has it, and an object of its parameters in snake case. Documents are JSON values in it.
pub fn take_p2p_requests() -> Vec<(String, Value)> {
    crate::host::p2p::take_requests()
}

/// Calls a tool.
///
/// # Errors
/// Those of the tool, and [`Error::NotFound`] when there is none of that name.
pub fn call<P: Plugin>(tool: &str, arguments: &Value) -> Result<ToolOutput> {
    P::call(&ctx(), tool, &arguments.to_string()).unwrap_or_else(|| Err(Error::not_found(tool)))
}

/// Reads a resource.
///
/// # Errors
/// Those of the resource, and [`Error::NotFound`] when there is none of that URI.
pub fn read<P: Plugin>(uri: &str) -> Result<Vec<ResourceContents>> {
    P::read(&ctx(), uri).unwrap_or_else(|| Err(Error::not_found(uri)))
}

/// Fills a prompt in.
///
/// # Errors
/// Those of the prompt, and [`Error::NotFound`] when there is none of that name.
pub fn prompt<P: Plugin>(name: &str, arguments: &[(&str, &str)]) -> Result<PromptOutput> {
    let arguments: Arguments = arguments.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
    P::prompt(&ctx(), name, &arguments).unwrap_or_else(|| Err(Error::not_found(name)))
}

/// The input schema of a tool; null when there is no such tool.
pub fn input_schema<P: Plugin>(tool: &str) -> Value {
    let found = P::tools().into_iter().find(|descriptor| descriptor.name == tool);
    found.and_then(|descriptor| serde_json::from_str(&descriptor.input_schema).ok()).unwrap_or(Value::Null)
}

/// The output schema of a tool; null when there is no such tool, or it has none.
pub fn output_schema<P: Plugin>(tool: &str) -> Value {
    let found = P::tools().into_iter().find(|descriptor| descriptor.name == tool);
    found.and_then(|descriptor| serde_json::from_str(&descriptor.output_schema?).ok()).unwrap_or(Value::Null)
}
