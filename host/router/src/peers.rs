//! The router, as the reactor sees it: calls for peers and for tasks, by the same way as any other call.

use std::sync::atomic::Ordering;

use futures::future::BoxFuture;
use tandem_catalog::{Tool, View};
use tandem_cluster::{ToolCall, ToolInfo, Tools};
use tandem_engine::{InvokeError, ToolAnswer};
use tandem_types::Caller;

use crate::{api::Lane, nested, router::Router, routing};

impl Tools for Router {
    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolAnswer, InvokeError>> {
        let router = self.clone();
        Box::pin(async move {
            let ToolCall { cx, tool, arguments } = call;
            let output = router.call_tool(cx, &tool, arguments).await.map_err(nested::refused)?;
            Ok(output.into())
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
        repeatable: tool.is_repeatable(),
        deadline: tool.limits.deadline,
    }
}

fn is_local(view: &View, tool: &Tool) -> bool {
    let lane = view.category(&tool.category).map(|category| routing::choose(category, Some(tool)).0);
    !matches!(lane, Some(Lane::General | Lane::Upstream))
}
