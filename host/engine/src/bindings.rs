//! Host side of the WIT contract, generated from `wit/`.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, reason = "generated")]

// A capability that is requested has its binding in its own module, and `tandem:p2p` in the crate that owns the network.
wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package tandem:engine;
        world guest {
            import tandem:host/call@0.1.0;
            import tandem:host/log@0.1.0;
            import tandem:host/config@0.1.0;
            import tandem:host/events@0.1.0;
            import tandem:host/client@0.1.0;
            import tandem:host/secrets@0.1.0;
            export tandem:plugin/tools@0.1.0;
            export tandem:plugin/resources@0.1.0;
            export tandem:plugin/prompts@0.1.0;
            export tandem:plugin/lifecycle@0.1.0;
        }
    ",
    world: "tandem:engine/guest",
    imports: {
        "tandem:host/client.request": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "tandem:host/call.call-context": crate::interfaces::call::ContextHandle },
});
