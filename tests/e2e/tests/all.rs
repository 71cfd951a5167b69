//! Tests through the public door: the real binary, real plugins, a real MCP client.
//!
//! One binary, so that it links once.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod agent_tasks;
mod aliases;
mod audit;
mod auth;
mod author;
mod author_pack;
mod author_project;
mod author_test;
mod background;
mod call;
mod canary;
mod capabilities;
mod chains;
mod changes;
mod client_errors;
mod clock;
mod compile;
mod connect;
mod data;
mod disk;
mod doctor;
mod endpoints;
mod first_day;
mod full_disk;
mod graph;
mod handles;
mod host;
mod hostile;
mod ids;
mod imports;
mod isolation;
mod large;
mod library;
mod limits;
mod mesh;
mod migrate;
mod odd_files;
mod outgoing;
mod p2p_cli;
mod p2p_config;
mod p2p_faults;
mod p2p_fields;
mod p2p_operator;
mod p2p_tools;
mod packages;
mod page;
mod plain_calls;
mod plugins;
mod policy;
mod questions;
mod reactor;
mod reflect;
mod registry;
mod reload;
mod reload_load;
mod requests;
mod rest;
mod results;
mod schema_errors;
mod settings;
mod stdio;
mod supply;
mod task_access;
mod tasks;
mod tenants;
mod terminal;
mod tutorial;
mod uploads;
mod upstreams;

/// The machine-readable part of a failed call.
fn fault(result: &rmcp::model::CallToolResult) -> serde_json::Value {
    assert_eq!(result.is_error, Some(true), "it must fail: {result:?}");
    let meta = serde_json::to_value(&result.meta).expect("meta is JSON");
    meta.get("tandem/error").cloned().unwrap_or_else(|| panic!("no `tandem/error` in {meta}"))
}

/// The ports that a guest's manifest names. Tests that listen there take turns.
mod ports {
    use tokio::sync::{Mutex, MutexGuard};

    pub(crate) struct Port(u16, Mutex<()>);

    pub(crate) static PLAIN: Port = Port(18_734, Mutex::const_new(()));
    pub(crate) static TLS: Port = Port(18_735, Mutex::const_new(()));

    /// Ends a connection in good order: what the other side still sends is read, or the kernel would reset it and the answer
    /// would be lost.
    pub(crate) async fn part(mut stream: tokio::net::TcpStream) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let _closed = stream.shutdown().await;
        let rest = async { while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {} };
        let _gone = tokio::time::timeout(std::time::Duration::from_secs(5), rest).await;
    }

    /// Stops a server and waits until its port is free.
    pub(crate) async fn close(server: tokio::task::JoinHandle<()>) {
        server.abort();
        let _cancelled = server.await;
    }

    impl Port {
        pub(crate) fn port(&self) -> u16 {
            self.0
        }

        pub(crate) async fn lock(&self) -> MutexGuard<'_, ()> {
            self.1.lock().await
        }
    }
}
