//! Host side of the WIT contract, generated from `wit/`.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../../wit",
    // Its `tandem:p2p` is linked by the crate that owns the network.
    world: "tandem:plugin/plugin",
    imports: {
        "tandem:host/cache": trappable,
        "tandem:host/kv": async | trappable,
        "tandem:host/client.request": async | trappable,
        "tandem:host/invoke": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "tandem:host/call.call-context": crate::interfaces::call::ContextHandle },
});
