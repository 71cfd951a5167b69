//! Resources, prompts and completions: the same way as a tool's call, without retries and without the result cache.

use std::{future::Future, sync::Arc, time::Instant};

use serde_json::{Map, Value};
use tandem_catalog::{Category, Violations};
use tandem_engine::{
    CallContext, Completion, CompletionReference, PromptOutput, ResourceContents, RunError, ToolError,
};

use crate::{
    api::CallError,
    call::bounded,
    call_status::CallStatus,
    compiling::loaded,
    outcome::{entry_failed, settle},
    recorder::{CallOutcome, CallRecorder},
    refusal::{invalid, not_found},
    router::Router,
};

impl Router {
    /// Reads one resource.
    pub async fn read_resource(&self, cx: CallContext, uri: &str) -> Result<Vec<ResourceContents>, CallError> {
        let view = self.view(&cx.caller);
        let Some(category) = view.resource_owner(uri) else {
            return Err(self.refuse(&cx, uri, not_found("resource", uri, Vec::new())).await);
        };
        let (backend, own) = (category.backend.clone(), uri.to_owned());
        let run = |cx| async move {
            backend.read_resource(cx, &own).await.map(|answer| {
                answer.map_err(|error| match error {
                    ToolError::NotFound(_) => not_found("resource", &own, Vec::new()),
                    other => entry_failed(other),
                })
            })
        };
        self.enter(cx, category, uri, run).await
    }

    /// Fills a prompt in.
    pub async fn get_prompt(
        &self,
        cx: CallContext,
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
        let (backend, own) = (category.backend.clone(), name.to_owned());
        let run = |cx| async move {
            let answer = backend.get_prompt(cx, &own, arguments).await;
            answer.map(|answer| answer.map_err(entry_failed))
        };
        self.enter(cx, category, name, run).await
    }

    /// Completes an argument of a prompt or a resource template. `settled` holds the arguments that are known.
    pub async fn complete(
        &self,
        cx: CallContext,
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
        let (backend, argument, value) = (category.backend.clone(), argument.to_owned(), value.to_owned());
        let run = |cx| async move {
            let answer = backend.complete(cx, reference, argument, value, settled).await;
            answer.map(|answer| answer.map_err(entry_failed))
        };
        self.enter(cx, category, &what, run).await
    }

    /// Admits, runs and accounts for what is not a tool's call. `what` is the URI or the prompt.
    async fn enter<T, F>(
        &self,
        cx: CallContext,
        category: &Category,
        what: &str,
        run: impl FnOnce(Arc<CallContext>) -> F,
    ) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: Future<Output = Result<Result<T, CallError>, RunError>> + Send + 'static,
    {
        let lane = self.route(category, None).await?.lane;
        let scope = self.scope(&cx.caller.tenant, (category, category.priority), lane);
        let mut recorder = CallRecorder::new(self, &scope, &cx, what, Instant::now());
        let work = async {
            self.charge(cx.depth, &scope)?;
            loaded(&cx, &category.name, &category.backend).await?;
            let cx = bounded(cx.within(category.backend.deadline()), &scope)?;
            let _running = self.admit(&scope, &cx, lane).await?;
            let done = if self.on_current_lane(lane) { run(cx).await } else { self.run_on_lane(lane, run(cx)).await? };
            settle(&scope.state, &scope.share, done)?
        };
        let result = work.await;
        let status = result.as_ref().map_or_else(CallStatus::from, |_| CallStatus::Ok);
        let recorded = recorder.end(CallOutcome::of(status, &result)).await;
        result.and_then(|answer| recorded.map(|()| answer))
    }
}
