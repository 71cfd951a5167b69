//! What `wit/` says, as Rust. Generated at build; authors use the modules around it.

wit_bindgen::generate!({
    path: "wit",
    world: "plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_plugin",
    default_bindings_module: "::tandem_sdk::bindings",
    runtime_path: "::tandem_sdk::wit_bindgen::rt",
    additional_derives: [PartialEq],
});
