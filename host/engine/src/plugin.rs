//! A loaded plugin, and the way of one call through it.
//!
//! **Promises.** Every call runs with all limits armed. A trapped, timed-out or cancelled instance is dropped
//! and never serves again. Dropping a call's future stops the guest and frees its instance: at once in the foreground, at the
//! guest's next yield in the background.
//!
//! **Bounds.** [`Limits`] for each call; the engine's pool for all.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

use crate::{
    background,
    bindings::tandem::plugin::types::{
        Completion, CompletionReference, PromptOutput, ResourceContents, ToolError, ToolOutput,
    },
    call::CallContext,
    capability::Limits,
    code::{Code, CodeSlot},
    config::{HOSTCALL_FUEL, LARGE_INPUT, MAX_HANDLES},
    context::PluginContext,
    cpu::CpuMeter,
    error::{LoadError, RunError},
    exports::{Guest, Tools},
    instances::{GuestInstance, Idle},
    limit::Limit,
    reflect::UnsupportedExport,
    spec::{InstancePolicy, PluginSpec},
    state::CallState,
};

/// How long a guest may go on after the client gave up, to end in good order.
const CANCEL_GRACE: Duration = Duration::from_millis(100);

/// One call, and all that it needs: it may go on on another thread.
struct Call {
    plugin: Arc<Plugin>,
    cx: Arc<CallContext>,
    cpu: Arc<CpuMeter>,
}

impl Call {
    /// Asks an instance, and accounts for it.
    async fn ask<T>(self, ask: impl AsyncFnOnce(Guest<'_>) -> wasmtime::Result<T>) -> Result<T, RunError> {
        let Self { plugin, cx, cpu } = self;
        let tenant = cx.caller.tenant.clone();
        let code = plugin.code.now()?;
        let mut live = plugin.instance(code, cx, cpu).await?;
        let GuestInstance { store, instance, tools, .. } = &mut live;
        let result = ask(Guest { exports: &code.exports, store, instance, tools }).await;
        let result = result.map_err(|error| plugin.explain(&live, &error));
        plugin.settle(live, &tenant, result.is_ok());
        result
    }
}

/// A loaded plugin.
pub struct Plugin {
    shared: Arc<PluginContext>,
    code: CodeSlot,
    limits: Limits,
    policy: InstancePolicy,
    idle: Idle,
    uses_client: bool,
    max_instances: u32,
    /// Cancelled when its calls may not go on: another version serves, and they had their time to end.
    ended: CancellationToken,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("name", &self.shared.name).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Plugin {
    pub(crate) fn new(
        shared: Arc<PluginContext>,
        code: CodeSlot,
        spec: PluginSpec,
        uses_client: bool,
        max_instances: u32,
    ) -> Self {
        let PluginSpec { limits, policy, .. } = spec;
        let idle = Idle::new(limits.concurrency as usize);
        let ended = CancellationToken::new();
        Self { shared, code, limits, policy, idle, uses_client, max_instances, ended }
    }

    /// Whether the component imports `tandem:host/client`, and so may suspend a call.
    #[must_use]
    pub fn uses_client(&self) -> bool {
        self.uses_client
    }

    /// Whether its code has not come yet ([`Engine::load_cached`](crate::Engine::load_cached)).
    #[must_use]
    pub fn is_compiling(&self) -> bool {
        self.code.is_empty()
    }

    /// How many calls wait for its code.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.code.waiting()
    }

    /// Waits until its code has come; a bounded number of calls at a time.
    ///
    /// # Errors
    /// It will not come, with the reason; or too many wait.
    pub async fn loaded(&self) -> Result<(), RunError> {
        self.code.wait().await
    }

    /// Takes the code of the same component, loaded and checked. Calls that wait for it go on.
    pub fn adopt(&self, loaded: &Self) {
        if let Ok(code) = loaded.code.now() {
            self.code.set(Ok(code.clone()));
        }
    }

    /// Its code will not come, for this reason. Calls that wait for it end.
    pub fn fail(&self, reason: &str) {
        self.code.set(Err(reason.into()));
    }

    /// The exported functions that are not tools, with the reasons. A component of the contract has none, nor has one without code.
    #[must_use]
    pub fn unsupported_exports(&self) -> &[UnsupportedExport] {
        match self.code.now().map(|code| &code.exports.tools) {
            Ok(Tools::Functions(functions)) => functions.unsupported_exports(),
            Ok(Tools::Contract(_)) | Err(_) => &[],
        }
    }

    /// Whether it can have this tool, by the name in its code, as far as its exports tell. A component of the contract says itself
    /// what it has; of one without code nothing is known.
    #[must_use]
    pub fn may_offer(&self, tool: &str) -> bool {
        match self.code.now().map(|code| &code.exports.tools) {
            Ok(Tools::Functions(functions)) => functions.has(tool),
            Ok(Tools::Contract(_)) | Err(_) => true,
        }
    }

    /// The ceilings of its calls.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Runs one tool, by the name in its code. `arguments` is a JSON object that was validated.
    pub async fn call_tool(
        self: &Arc<Self>,
        cx: Arc<CallContext>,
        name: &str,
        arguments: Arc<String>,
    ) -> Result<Result<ToolOutput, ToolError>, RunError> {
        let (size, name) = (arguments.len(), name.to_owned());
        let work = |call: Call| async move { call.ask(async |guest| guest.call_tool(&name, &arguments).await).await };
        let answer = self.run(cx, size, work).await?;
        if let Ok(output) | Err(ToolError::Failed(output)) = &answer {
            self.check_output(crate::output::size(output))?;
        }
        Ok(answer)
    }

    /// Reads one resource.
    pub async fn read_resource(
        self: &Arc<Self>,
        cx: Arc<CallContext>,
        uri: &str,
    ) -> Result<Result<Vec<ResourceContents>, ToolError>, RunError> {
        let (size, uri) = (uri.len(), uri.to_owned());
        let work = |call: Call| async move { call.ask(async |guest| guest.read(&uri).await).await };
        let answer = self.run(cx, size, work).await?;
        if let Ok(contents) = &answer {
            self.check_output(contents.iter().map(crate::output::resource_size).sum())?;
        }
        Ok(answer)
    }

    /// Fills a prompt in.
    pub async fn get_prompt(
        self: &Arc<Self>,
        cx: Arc<CallContext>,
        name: &str,
        arguments: String,
    ) -> Result<Result<PromptOutput, ToolError>, RunError> {
        let (size, name) = (arguments.len(), name.to_owned());
        let work = |call: Call| async move { call.ask(async |guest| guest.prompt(&name, &arguments).await).await };
        self.run(cx, size, work).await
    }

    /// Completes an argument of a prompt or a resource template.
    pub async fn complete(
        self: &Arc<Self>,
        cx: Arc<CallContext>,
        reference: CompletionReference,
        argument: String,
        value: String,
        settled: String,
    ) -> Result<Result<Completion, ToolError>, RunError> {
        let size = argument.len() + value.len() + settled.len();
        let work = |call: Call| async move {
            call.ask(async |guest| guest.complete(&reference, &argument, &value, &settled).await).await
        };
        self.run(cx, size, work).await
    }

    /// Asks the plugin whether it can work as it is granted and configured.
    pub async fn check(self: &Arc<Self>) -> Result<(), LoadError> {
        if self.code.now().is_ok_and(|code| !code.exports.has_check()) {
            return Ok(());
        }
        let cx = CallContext::for_probe(self.limits.deadline);
        let work = |call: Call| async move { call.ask(async |guest| guest.check().await).await };
        match self.run(cx, 0, work).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failed)) => Err(LoadError::Probe(failed.to_string())),
            Err(error) => Err(LoadError::Probe(format!("its check failed: {error}"))),
        }
    }

    /// Gives up what waits for calls that will not come: another version serves from now on. Calls that run end as
    /// they would have.
    pub fn drain(&self) {
        self.fail("another version took its place");
        self.idle.close();
    }

    /// Ends the calls that still run, with [`RunError::Replaced`].
    pub fn end(&self) {
        self.drain();
        self.ended.cancel();
    }

    /// Asks the component what it offers, in a sandbox without any grant.
    pub async fn describe_ungranted(&self) -> Result<tandem_package::Descriptors, LoadError> {
        let spec = PluginSpec::ungranted(Arc::default());
        let shared = PluginContext::new(&spec, self.shared.services.clone(), self.shared.ticker.clone());
        let code = self.code.now().map_err(|error| LoadError::Host(error.to_string()))?.clone();
        let code = CodeSlot::loaded(code);
        Self::new(Arc::new(shared), code, spec, self.uses_client, self.max_instances).describe().await
    }

    /// Asks the component what it offers.
    pub(crate) async fn describe(&self) -> Result<tandem_package::Descriptors, LoadError> {
        let probe = |error: RunError| LoadError::Probe(format!("its `describe` failed: {error}"));
        let cx = CallContext::for_probe(self.limits.deadline);
        let cpu = CpuMeter::new(cx.account.clone(), self.limits.cpu);
        let described = cpu.drive(async {
            let code = self.code.now()?;
            let mut live = self.fresh(code, cx, cpu.clone()).await?;
            let described = crate::output::describe(&code.exports, &mut live.store, &live.instance).await;
            described.map_err(|error| self.explain(&live, &error))
        });
        described.await.map_err(probe)?
    }

    fn check_output(&self, bytes: u64) -> Result<(), RunError> {
        if bytes > self.limits.output {
            return Err(RunError::Limit { limit: Limit::Output, value: format!("{} bytes", self.limits.output) });
        }
        Ok(())
    }

    /// Asks an instance something, with all limits armed. The input has so many bytes.
    async fn run<T, F>(
        self: &Arc<Self>,
        cx: Arc<CallContext>,
        input: usize,
        work: impl FnOnce(Call) -> F,
    ) -> Result<T, RunError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, RunError>> + Send + 'static,
    {
        let (deadline, total, cancel) = (cx.deadline, cx.remaining(), cx.cancel.clone());
        if cancel.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        let cpu = CpuMeter::new(cx.account.clone(), self.limits.cpu);
        if input > LARGE_INPUT {
            cpu.demote();
        }
        let call = Call { plugin: self.clone(), cx, cpu: cpu.clone() };
        let work = background::run(&cpu, &self.shared.meters, work(call));
        tokio::pin!(work);
        tokio::select! {
            biased;
            result = &mut work => result,
            () = cancel.cancelled() => {
                drop(tokio::time::timeout(CANCEL_GRACE, work).await);
                Err(RunError::Cancelled)
            }
            () = self.ended.cancelled() => Err(RunError::Replaced),
            () = tokio::time::sleep_until(deadline.into()) => Err(RunError::Timeout(total)),
        }
    }

    /// A reused instance if the policy has one, else a fresh one; armed for the call.
    async fn instance(&self, code: &Code, cx: Arc<CallContext>, cpu: Arc<CpuMeter>) -> Result<GuestInstance, RunError> {
        if matches!(self.policy, InstancePolicy::Pooled { .. })
            && let Some(mut live) = self.idle.take(&cx.caller.tenant)
            // What it was given when it first used WASI cannot be taken back from it.
            && live.store.data().is_current(&cx.caller.tenant)
        {
            live.counted.switch();
            live.store.data_mut().arm(cx, cpu)?;
            live.store.set_epoch_deadline(1);
            return Ok(live);
        }
        self.fresh(code, cx, cpu).await
    }

    async fn fresh(&self, code: &Code, cx: Arc<CallContext>, cpu: Arc<CpuMeter>) -> Result<GuestInstance, RunError> {
        let state = CallState::new(self.shared.clone(), self.limits.clone());
        let mut store = Store::new(code.pre.engine(), state);
        store.limiter_async(|state| &mut state.memory);
        store.set_hostcall_fuel(HOSTCALL_FUEL);
        store.set_max_component_handles(MAX_HANDLES);
        store.epoch_deadline_callback(CallState::on_tick);
        store.set_epoch_deadline(1);
        store.data_mut().arm(cx, cpu)?;
        match code.pre.instantiate_async(&mut store).await {
            Ok(instance) => {
                let counted = self.shared.meters.instance();
                Ok(GuestInstance { store, instance, tools: None, counted, calls: 0 })
            }
            Err(error) => Err(self.classify(store.data(), &error)),
        }
    }

    /// Accounts for the call, and keeps the instance if it may serve again.
    fn settle(&self, mut live: GuestInstance, tenant: &Arc<str>, healthy: bool) {
        let state = live.store.data_mut();
        self.shared.meters.record(state.memory.peak());
        state.disarm();
        live.calls += 1;
        if let InstancePolicy::Pooled { max_invocations } = self.policy
            && healthy
            && live.calls < max_invocations
        {
            live.counted.switch();
            self.idle.put(tenant, live);
        }
    }

    fn explain(&self, live: &GuestInstance, error: &wasmtime::Error) -> RunError {
        self.classify(live.store.data(), error)
    }

    fn classify(&self, state: &CallState, error: &wasmtime::Error) -> RunError {
        if let Some(error) = error.downcast_ref::<RunError>() {
            return error.clone();
        }
        if let Some(limit) = state.limit_hit() {
            return limit;
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return RunError::Overloaded(self.max_instances);
        }
        let Some(trap) = error.downcast_ref::<Trap>() else { return crate::output::refused(error) };
        let mut text = trap.to_string();
        let panic = state.log.last_error_line();
        if !panic.is_empty() {
            let _infallible = write!(text, ": {panic}");
        }
        RunError::Trap(text)
    }
}
