//! Resources, prompts and completions: the same way as a tool's call, without retries and without the result cache.

use std::{future::Future, time::Instant};

use serde_json::{Map, Value};
use tandem_catalog::{Category, Violations};
use tandem_engine::{CallEnv, Completion, CompletionReference, PromptOutput, ResourceContents, RunError, ToolError};

use crate::{
    api::{CallError, RequestContext},
    audit::{Closing, Ending},
    call::{invalid, not_found},
    meters,
    outcome::{entry_failed, settle},
    router::Router,
};

impl Router {
    /// Reads one resource.
    pub async fn read_resource(&self, cx: RequestContext, uri: &str) -> Result<Vec<ResourceContents>, CallError> {
        let view = self.view(&cx.caller);
        let Some(category) = view.resource_owner(uri) else {
            return Err(self.refuse(&cx, uri, not_found("resource", uri, Vec::new())).await);
        };
        let (plugin, own) = (category.plugin.clone(), uri.to_owned());
        let run = |env| async move {
            plugin.read_resource(env, &own).await.map(|answer| {
                answer.map_err(|error| match error {
                    ToolError::NotFound(_) => not_found("resource", &own, Vec::new()),
                    other => entry_failed(other),
                })
            })
        };
        self.enter(&cx, category, uri, run).await
    }

    /// Fills a prompt in.
    pub async fn get_prompt(
        &self,
        cx: RequestContext,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<PromptOutput, CallError> {
        let view = self.view(&cx.caller);
        let Some((category, prompt)) = view.prompt(name) else {
            return Err(self.refuse(&cx, name, not_found("prompt", name, view.near_prompts(name))).await);
        };
        let missing: Violations = prompt
            .arguments
            .iter()
            .filter(|argument| argument.required && !arguments.contains_key(&argument.name))
            .map(|argument| (format!("/{}", argument.name), "is required".to_owned()))
            .collect();
        if !missing.is_empty() {
            return Err(invalid(name, missing));
        }
        let arguments = Value::Object(arguments).to_string();
        let (plugin, own) = (category.plugin.clone(), name.to_owned());
        let run = |env| async move {
            let answer = plugin.get_prompt(env, &own, arguments).await;
            answer.map(|answer| answer.map_err(entry_failed))
        };
        self.enter(&cx, category, name, run).await
    }

    /// Completes an argument of a prompt or a resource template. `settled` holds the arguments that are known.
    pub async fn complete(
        &self,
        cx: RequestContext,
        reference: CompletionReference,
        argument: &str,
        value: &str,
        settled: Map<String, Value>,
    ) -> Result<Completion, CallError> {
        let view = self.view(&cx.caller);
        let what = match &reference {
            CompletionReference::Prompt(name) | CompletionReference::ResourceTemplate(name) => name.clone(),
        };
        let found = match &reference {
            CompletionReference::Prompt(name) => {
                let found = view.prompt(name).map(|(category, _)| category);
                found.ok_or_else(|| not_found("prompt", name, view.near_prompts(name)))
            }
            CompletionReference::ResourceTemplate(template) => {
                let found = view.resource_templates().find(|(_, t)| t.uri_template == *template);
                found.map(|(category, _)| category).ok_or_else(|| not_found("resource", template, Vec::new()))
            }
        };
        let category = match found {
            Ok(category) => category,
            Err(error) => return Err(self.refuse(&cx, &what, error).await),
        };
        let settled = Value::Object(settled).to_string();
        let (plugin, argument, value) = (category.plugin.clone(), argument.to_owned(), value.to_owned());
        let run = |env| async move {
            let answer = plugin.complete(env, &reference, &argument, &value, settled).await;
            answer.map(|answer| answer.map_err(entry_failed))
        };
        self.enter(&cx, category, &what, run).await
    }

    /// Admits, runs and accounts for what is no tool's call. `what` is the URI or the prompt.
    async fn enter<T, F>(
        &self,
        cx: &RequestContext,
        category: &Category,
        what: &str,
        run: impl FnOnce(CallEnv) -> F,
    ) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: Future<Output = Result<Result<T, CallError>, RunError>> + Send + 'static,
    {
        let route = self.route(category, None).await?;
        let closing = Closing::new(self, cx, self.place(cx, category, route.lane), what, Instant::now());
        let place = closing.place();
        let work = async {
            self.charge(cx, place)?;
            let env = self.env(cx, place, category.plugin.limits().deadline)?;
            let _running = self.admit(place, &env, route.lane).await?;
            let done =
                if self.is_at_home(route.lane) { run(env).await } else { self.elsewhere(route.lane, run(env)).await? };
            settle(&place.state, &place.share, done)?
        };
        let result = work.await;
        let status = meters::status(&result.as_ref().map(|_| false));
        let recorded = closing.end(Ending::of(status, &result)).await;
        result.and_then(|answer| recorded.map(|()| answer))
    }
}
