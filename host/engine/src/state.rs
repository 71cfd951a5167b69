//! What a store carries: one instance's limits, resources and the call that it serves.

use std::{sync::Arc, time::Duration};

use wasmtime::{
    StoreContextMut, UpdateDeadline,
    component::{HasData, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    account::{Descriptors, Exhausted, Use},
    call::CallContext,
    capability::{Capability, Limits},
    config::MAX_RESOURCES,
    context::PluginContext,
    cpu::CpuMeter,
    error::RunError,
    limit::Limit,
    limits::MemoryLimit,
    wasi::{Files, Gate, HttpGate, LogBudget, OpenFiles},
};

/// Data of one store. The linker's functions see nothing else.
pub struct CallState {
    pub(crate) plugin: Arc<PluginContext>,
    /// What was granted when the guest first used WASI: its environment and directories.
    wasi_grants: Option<Arc<Capability>>,
    /// Held for its directories, or why they are not there.
    preopened: Option<Result<Descriptors, Exhausted>>,
    pub(crate) limits: Limits,
    /// The call that is being served; none between calls of a pooled instance.
    pub(crate) cx: Option<Arc<CallContext>>,
    /// Number of the present call in this store: a context handle of an earlier one is refused by it.
    pub(crate) call: u32,
    pub(crate) memory: MemoryLimit,
    pub(crate) log: Arc<LogBudget>,
    /// Charges the present call.
    cpu: Option<Arc<CpuMeter>>,
    table: ResourceTable,
    open_files: OpenFiles,
    /// Built when the guest first uses WASI: most calls never do.
    wasi: Option<Box<WasiCtx>>,
    http: WasiHttpCtx,
    gate: HttpGate,
}

impl CallState {
    pub(crate) fn new(plugin: Arc<PluginContext>, limits: Limits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            log: Arc::new(LogBudget::new(plugin.name.clone(), limits.log)),
            gate: HttpGate::new(plugin.clone()),
            plugin,
            wasi_grants: None,
            preopened: None,
            memory: MemoryLimit::new(limits.memory),
            limits,
            cx: None,
            call: 0,
            cpu: None,
            table,
            open_files: OpenFiles::default(),
            wasi: None,
            http: WasiHttpCtx::new(),
        }
    }

    /// Arms the limits for one call. Every call goes through here, on a fresh instance and on a reused one.
    pub(crate) fn arm(&mut self, cx: Arc<CallContext>, cpu: Arc<CpuMeter>) -> Result<(), Exhausted> {
        self.call = self.call.wrapping_add(1);
        self.cpu = Some(cpu.clone());
        self.memory.arm(cx.account.clone(), cpu)?;
        self.log.rearm(&cx);
        self.gate.arm(&cx);
        self.cx = Some(cx);
        Ok(())
    }

    /// Ends the call: whatever handle to it the guest kept is refused from now on.
    pub(crate) fn disarm(&mut self) {
        if let Some(cpu) = self.cpu.take() {
            cpu.give_turn_back();
        }
        self.log.flush();
        self.memory.disarm();
        self.gate.disarm();
        self.cx = None;
    }

    /// Called when a tick passed while the guest ran: charges what it used, and lets others run.
    pub(crate) fn on_tick(store: StoreContextMut<'_, Self>) -> wasmtime::Result<UpdateDeadline> {
        let cpu = store.data().cpu.clone();
        if cpu.as_ref().is_some_and(|cpu| cpu.charge().is_err()) {
            return Ok(UpdateDeadline::Interrupt);
        }
        let turn = cpu.and_then(|cpu| cpu.next_turn().map(|turn| (turn, cpu)));
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(async move {
                // `yield_now` wakes the task only after the executor polled its timers and sockets; the plain
                // yield wakes itself at once and starves them for 61 turns.
                tokio::task::yield_now().await;
                if let Some((turn, cpu)) = turn {
                    cpu.take_turn(turn.await);
                }
            }),
        ))
    }

    /// What the call's tenant may touch now.
    pub fn capability(&self) -> Arc<Capability> {
        self.plugin.capabilities.of(self.cx.as_ref().map_or("", |cx| &cx.caller.tenant))
    }

    /// Whether the instance has nothing that its tenant may not have any more.
    pub(crate) fn is_current(&self, tenant: &str) -> bool {
        self.wasi_grants
            .as_ref()
            .is_none_or(|wasi_grants| Arc::ptr_eq(wasi_grants, &self.plugin.capabilities.of(tenant)))
    }

    /// Builds the WASI context from what is granted now, once.
    pub(crate) fn build_wasi_ctx(&mut self) {
        if self.wasi.is_some() {
            return;
        }
        let capability = self.capability();
        let count = u32::try_from(capability.directories.len()).unwrap_or(u32::MAX);
        let preopened = self.cx.as_ref().filter(|_| count > 0).map(|cx| cx.account.descriptors(count));
        let directories = match preopened {
            Some(Err(_)) => &[],
            _ => capability.directories.as_slice(),
        };
        self.wasi = Some(Box::new(crate::wasi::context(directories, &self.log, self.plugin.deterministic)));
        self.preopened = preopened;
        self.wasi_grants = Some(capability);
    }

    /// The guest's file system.
    pub(crate) fn files(&mut self) -> Files<'_> {
        self.build_wasi_ctx();
        let gate = Gate {
            plugin: self.plugin.clone(),
            tenant: self.cx.as_ref().map_or_else(|| "".into(), |cx| cx.caller.tenant.clone()),
            account: self.cx.as_ref().map(|cx| cx.account.clone()),
        };
        let capability = self.capability();
        let ctx = self.wasi.get_or_insert_with(|| Box::new(crate::wasi::context(&[], &self.log, None)));
        Files {
            ctx,
            table: &mut self.table,
            open: &mut self.open_files,
            usage: &self.plugin.services.disk,
            refused: self.preopened.as_ref().and_then(|preopened| preopened.as_ref().err().cloned()),
            capability,
            gate,
        }
    }

    /// The gate of outgoing HTTP.
    pub(crate) fn http_gate(&self) -> &HttpGate {
        &self.gate
    }

    /// What an interface of another crate works on, if this host has it.
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.plugin.services.extension()
    }

    /// Notes that a granted capability was used.
    pub fn used(&self, capability: Use) {
        if let Some(cx) = &self.cx {
            cx.account.used(capability);
        }
    }

    /// Notes that a capability was asked for and refused.
    pub fn denied(&self, capability: Use, what: &str) {
        if let Some(cx) = &self.cx {
            cx.account.denied(capability, what);
        }
    }

    /// The limit that explains why the guest stopped, if one does.
    pub(crate) fn limit_hit(&self) -> Option<RunError> {
        if let Some(limit) = self.cpu.as_ref().and_then(|cpu| cpu.hit()) {
            return Some(limit);
        }
        if let Some(exhausted) = self.memory.exhausted() {
            return Some(exhausted.clone().into());
        }
        if self.memory.refused() {
            return Some(RunError::Limit { limit: Limit::Memory, value: format!("{} bytes", self.memory.max()) });
        }
        None
    }

    /// The present call, or an error that traps: the guest kept a handle longer than its call.
    pub fn context(&self) -> wasmtime::Result<&Arc<CallContext>> {
        self.cx.as_ref().ok_or_else(|| wasmtime::format_err!("the call has ended; its context cannot be used any more"))
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.cx.as_ref().map_or(Duration::ZERO, |cx| cx.remaining())
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.build_wasi_ctx();
        let ctx = self.wasi.get_or_insert_with(|| Box::new(crate::wasi::context(&[], &self.log, None)));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.gate, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Hands the whole state to the functions of our own interfaces.
pub(crate) struct HostView;

impl HasData for HostView {
    type Data<'a> = &'a mut CallState;
}
