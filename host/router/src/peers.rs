//! The router, as the reactor sees it: calls for peers and for tasks, by the same way as any other call.

use std::sync::atomic::Ordering;

use futures::future::BoxFuture;
use tandem_catalog::{Tool, View};
use tandem_cluster::{ToolCall, ToolInfo, Tools};
use tandem_engine::{InvokeError, InvokeOutput};
use tandem_types::Caller;

use crate::{
    api::{Lane, RequestContext},
    lane, nested,
    router::Router,
};

impl Tools for Router {
    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<InvokeOutput, InvokeError>> {
        let router = self.clone();
        Box::pin(async move {
            let ToolCall { caller, request_id, tool, arguments, exact, traceparent, deadline, cancel, client } = call;
            let cx = RequestContext {
                caller,
                request_id,
                cancel,
                client,
                deadline: Some(deadline),
                traceparent,
                depth: 0,
                exact,
            };
            let caller = cx.caller.clone();
            let output = router.call_tool(cx, &tool, arguments).await.map_err(nested::refused)?;
            let bytes = output.bytes();
            router.answer_on(&caller, bytes, move || nested::answer(output)).await.map_err(nested::refused)
        })
    }

    fn list(&self, caller: &Caller) -> Vec<ToolInfo> {
        let view = self.view(caller);
        view.tools().map(|tool| info(&view, tool)).collect()
    }

    fn info(&self, caller: &Caller, tool: &str) -> Option<ToolInfo> {
        let view = self.view(caller);
        view.tool(tool).map(|tool| info(&view, tool))
    }

    fn generation(&self) -> u64 {
        // Both only grow, and so does their sum.
        self.view(&Caller::local()).generation() + self.0.refreshed.load(Ordering::Relaxed)
    }

    fn find(&self, caller: &Caller, tool: &str) -> Result<(), Vec<String>> {
        let view = self.view(caller);
        match view.tool(tool) {
            Some(_) => Ok(()),
            None => Err(view.near_tools(tool)),
        }
    }
}

fn info(view: &View, tool: &Tool) -> ToolInfo {
    let annotations = &tool.descriptor.annotations;
    ToolInfo {
        name: tool.descriptor.name.clone(),
        title: tool.descriptor.title.clone(),
        description: tool.descriptor.description.clone(),
        input_schema: tool.descriptor.input_schema.clone(),
        output_schema: tool.descriptor.output_schema.clone(),
        annotations: *annotations,
        local: is_local(view, tool),
        repeatable: annotations.read_only || annotations.idempotent,
        deadline: tool.limits.deadline,
    }
}

fn is_local(view: &View, tool: &Tool) -> bool {
    let lane = view.category(&tool.category).map(|category| lane::choose(category, &tool.descriptor.name).0);
    lane != Some(Lane::General)
}
