//! The network of hosts, its queue and its workflows.

use super::rule::{Rule, always, dropped, to};
use crate::convert::{boolean, bootstrap, ceiling, count, list, p2p_listen, repository, seconds};

const QUEUE_FILE: &str = "tasks are in the store of the host (`store.url`, below plugins.data-directory); tasks of the older queue are \
    not imported: let it run empty";

pub(super) const RULES: &[Rule] = &[
    to(
        &[
            "p2p_listen_port",
            "p2p.listen_port",
            "p2p.connectivity.listen_port",
            "P2P_LISTEN_PORT",
            "MCP_P2P_LISTEN_PORT",
        ],
        "p2p.listen",
        p2p_listen,
    ),
    to(
        &[
            "p2p_bootstrap_nodes",
            "p2p.bootstrap_nodes",
            "peer_registry.bootstrap_nodes",
            "p2p.peer_registry.bootstrap_nodes",
        ],
        "p2p.bootstrap",
        bootstrap,
    ),
    to(&["p2p.max_connections", "p2p.connectivity.max_connections"], "p2p.max-connections", count),
    to(&["p2p.connection_timeout", "p2p.connectivity.connection_timeout"], "p2p.connection-timeout", seconds),
    to(
        &[
            "GITHUB_REPO_OWNER",
            "GITHUB_REPO_NAME",
            "peer_registry.repo_owner",
            "peer_registry.repo_name",
            "p2p.peer_registry.repo_owner",
            "p2p.peer_registry.repo_name",
            "p2p.peer_discovery.repo_owner",
            "p2p.peer_discovery.repo_name",
        ],
        "p2p.discovery.github.repository",
        repository,
    ),
    to(
        &[
            "features.github_peer_registry",
            "peer_registry.enable_github_registry",
            "p2p.peer_registry.enable_github_registry",
            "p2p.peer_discovery.enable_github_registry",
        ],
        "p2p.discovery.github.enabled",
        boolean,
    ),
    to(
        &["peer_registry.peer_ttl", "p2p.peer_registry.peer_ttl", "p2p.peer_discovery.peer_ttl"],
        "p2p.discovery.peer-ttl",
        seconds,
    ),
    to(
        &[
            "p2p.enable_peer_registry",
            "peer_registry.enabled",
            "p2p.peer_registry.enabled",
            "p2p.peer_discovery.enable_local_bootstrap",
        ],
        "p2p.discovery.file",
        boolean,
    ),
    to(&["p2p.enable_mdns", "p2p.peer_discovery.enable_mdns"], "p2p.discovery.mdns", boolean),
    to(&["p2p.enable_dht", "p2p.peer_discovery.enable_dht"], "p2p.discovery.dht", boolean),
    to(&["p2p.enable_relay", "p2p.peer_discovery.enable_relay"], "p2p.nat.enabled", boolean),
    to(&["p2p.peer_discovery.public_ip_services"], "p2p.nat.ip-urls", list),
    to(
        &[
            "TASK_QUEUE_SIZE",
            "taskqueue.max_tasks",
            "task_queue.max_queue_size",
            "p2p.taskqueue.max_tasks",
            "p2p.task_queue.max_tasks",
            "p2p.task_queue.max_queue_size",
        ],
        "p2p.task-queue.capacity",
        count,
    ),
    to(
        &["taskqueue.task_timeout", "p2p.taskqueue.task_timeout", "p2p.task_queue.task_timeout"],
        "p2p.task-queue.max-timeout",
        ceiling,
    ),
    to(
        &["workflow.workflow_timeout", "p2p.workflow.workflow_timeout", "p2p.workflow_scheduler.workflow_timeout"],
        "p2p.workflow.max-timeout",
        ceiling,
    ),
    to(
        &["workflow.max_workflows", "p2p.workflow.max_workflows", "p2p.workflow_scheduler.max_concurrent_workflows"],
        "p2p.workflow.max-active",
        count,
    ),
    always(
        &[
            "workflow.enable_dag_persistence",
            "p2p.workflow.enable_dag_persistence",
            "p2p.workflow_scheduler.enable_dag_persistence",
        ],
        "workflows are always in the store, and go on after a crash",
        "workflows are always in the store",
    ),
    always(
        &[
            "features.workflow_scheduler",
            "workflow.enable_scheduler",
            "p2p.enable_workflow_scheduler",
            "p2p.workflow.enable_scheduler",
            "p2p.workflow_scheduler.enabled",
        ],
        "the reactor lane always has workflows",
        "leave the category p2p_workflow out of tools.enabled-categories",
    ),
    always(
        &["taskqueue.enabled", "p2p.taskqueue.enabled", "p2p.task_queue.enabled"],
        "the reactor lane always has the task queue",
        "leave the category p2p_taskqueue out of tools.enabled-categories; `p2p.task-queue.workers = 0` runs no task here",
    ),
    always(
        &["p2p.enable_bootstrap"],
        "hosts of `p2p.bootstrap` and of the variable TANDEM_BOOTSTRAP are connected to",
        "leave p2p.bootstrap empty, and set p2p.discovery.env = false",
    ),
    dropped(
        &[
            "p2p_queue_path",
            "p2p.queue_path",
            "taskqueue.queue_path",
            "p2p.taskqueue.queue_path",
            "p2p.task_queue.queue_path",
            "TASK_QUEUE_PATH",
            "IPFS_DATASETS_PY_TASK_QUEUE_PATH",
            "IPFS_ACCELERATE_PY_TASK_QUEUE_PATH",
        ],
        QUEUE_FILE,
    ),
    dropped(
        &["p2p.peer_discovery.bootstrap_path", "p2p.peer_registry.bootstrap_path"],
        "the file registry is a directory of signed records here: set `p2p.discovery.directory` where hosts share one",
    ),
    dropped(
        &["p2p.peer_registry.peer_discovery_interval", "peer_registry.peer_discovery_interval"],
        "records are renewed by their expiry: `p2p.discovery.peer-ttl`",
    ),
    dropped(
        &["p2p_enable_cache", "p2p.enable_cache"],
        "peers share no cache; results are cached on each host by manifest",
    ),
    dropped(
        &["p2p_auth_mode", "p2p.auth_mode"],
        "who may connect is `p2p.admission` and `p2p.allow`; tokens of requests are `p2p.require-token` and `p2p.tokens`",
    ),
    dropped(
        &["p2p_startup_timeout_s", "p2p.startup_timeout_s"],
        "nothing waits for the network at the start; `server.ready-requires` makes readiness wait",
    ),
    dropped(&["GITHUB_TOKEN"], "secrets are not copied: set p2p.discovery.github.token = \"${env:GITHUB_TOKEN}\""),
];
