//! The network of hosts, which is not there outside of a host.
#![allow(missing_docs, unreachable_pub, reason = "the functions are those of the WIT package, which documents them")]

pub(crate) mod task_queue {
    use crate::bindings::tandem::p2p::types::Error;

    fn nowhere() -> Result<String, Error> {
        Err(Error::Unavailable("outside a host there is no network of hosts".to_owned()))
    }

    pub fn submit(_task: &str) -> Result<String, Error> {
        nowhere()
    }

    pub fn task_status(_task_id: &str) -> Result<String, Error> {
        nowhere()
    }

    pub fn get_result(_task_id: &str, _wait_s: u32) -> Result<String, Error> {
        nowhere()
    }

    pub fn cancel(_task_id: &str, _reason: Option<&str>) -> Result<String, Error> {
        nowhere()
    }

    pub fn list_tasks(_filter: &str) -> Result<String, Error> {
        nowhere()
    }

    pub fn update_task(_task_id: &str, _patch: &str) -> Result<String, Error> {
        nowhere()
    }

    pub fn set_priority(_task_id: &str, _priority: u8) -> Result<String, Error> {
        nowhere()
    }

    pub fn resubmit(_task_id: &str, _arguments: Option<&str>, _priority: Option<u8>) -> Result<String, Error> {
        nowhere()
    }

    pub fn queue_status(_detail: bool) -> Result<String, Error> {
        nowhere()
    }

    pub fn worker_stats(_worker: Option<&str>) -> Result<String, Error> {
        nowhere()
    }

    pub fn discover_peers(_tool: Option<&str>, _max_peers: u32, _timeout_s: u32) -> Result<String, Error> {
        nowhere()
    }

    pub fn announce(_tools: Option<&[String]>, _capacity: Option<u32>, _ttl_s: u32) -> Result<String, Error> {
        nowhere()
    }

    pub fn heartbeat(_task_id: &str, _fence: u64, _progress: Option<&str>) -> Result<String, Error> {
        nowhere()
    }

    pub fn shutdown(_drain_s: u32) -> Result<String, Error> {
        nowhere()
    }
}

pub(crate) mod workflow {
    use crate::bindings::tandem::p2p::types::Error;
    use crate::bindings::tandem::p2p::workflow::{DagFormat, Strategy};

    fn nowhere() -> Result<String, Error> {
        Err(Error::Unavailable("outside a host there is no network of hosts".to_owned()))
    }

    pub fn submit(_workflow: &str) -> Result<String, Error> {
        nowhere()
    }

    pub fn status(_workflow_id: &str) -> Result<String, Error> {
        nowhere()
    }

    pub fn cancel(_workflow_id: &str, _reason: Option<&str>) -> Result<String, Error> {
        nowhere()
    }

    pub fn list_workflows(_filter: &str) -> Result<String, Error> {
        nowhere()
    }

    pub fn get_dag(_workflow_id: &str, _format: DagFormat) -> Result<String, Error> {
        nowhere()
    }

    pub fn coordinate(_workflow_id: &str, _peers: &[String], _strategy: Strategy) -> Result<String, Error> {
        nowhere()
    }
}

pub(crate) mod peers {
    use crate::bindings::tandem::p2p::types::Error;

    fn nowhere() -> Result<String, Error> {
        Err(Error::Unavailable("outside a host there is no network of hosts".to_owned()))
    }

    pub fn register(_addresses: &[String], _ttl_s: u32, _metadata: Option<&str>) -> Result<String, Error> {
        nowhere()
    }

    pub fn discover(
        _sources: &[String],
        _max_peers: u32,
        _timeout_s: u32,
        _tool: Option<&str>,
    ) -> Result<String, Error> {
        nowhere()
    }

    pub fn connect(_nodes: &[String], _min_connections: u32, _timeout_s: u32) -> Result<String, Error> {
        nowhere()
    }

    pub fn cleanup(_older_than_s: Option<u32>, _dry_run: bool) -> Result<String, Error> {
        nowhere()
    }

    pub fn public_addresses(_methods: &[String], _timeout_s: u32) -> Result<String, Error> {
        nowhere()
    }

    pub fn list_peers(_filter: &str) -> Result<String, Error> {
        nowhere()
    }
}

pub(crate) mod bootstrap {
    use crate::bindings::tandem::p2p::types::Error;

    fn nowhere() -> Result<String, Error> {
        Err(Error::Unavailable("outside a host there is no network of hosts".to_owned()))
    }

    pub fn from_text(_source: &str, _text: &str, _connect: bool) -> Result<String, Error> {
        nowhere()
    }

    pub fn from_public(_connect: bool) -> Result<String, Error> {
        nowhere()
    }

    pub fn list_sources() -> Result<String, Error> {
        nowhere()
    }
}
