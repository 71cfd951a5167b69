//! What the component model makes of the WIT package `tandem:p2p`.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package tandem:cluster;
        world network {
            import tandem:p2p/task-queue@0.1.0;
            import tandem:p2p/workflow@0.1.0;
            import tandem:p2p/peers@0.1.0;
            import tandem:p2p/bootstrap@0.1.0;
        }
    ",
    world: "tandem:cluster/network",
    imports: { default: async | trappable },
});
