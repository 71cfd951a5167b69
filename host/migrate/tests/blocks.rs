//! Every form of the older host's configuration, as files of `blocks`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that panics has failed")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use tandem_config::{ConfigSources, HostConfig, PathBases, ReferenceError};
use tandem_migrate::{Input, Migration, Outcome};

fn blocks() -> Vec<PathBuf> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/blocks");
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn migrate(name: &str) -> Migration {
    let path = blocks().into_iter().find(|path| path.file_name().unwrap() == name).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let input = match path.extension().unwrap() == "env" {
        true => Input { environment_file: Some(&text), ..Input::default() },
        false => Input { yaml: Some(&text), ..Input::default() },
    };
    Migration::of(&input, &|_| Ok(())).unwrap()
}

fn load(toml: &str) -> HostConfig {
    HostConfig::load(&ConfigSources {
        file: Some(("tandem.toml", toml)),
        environment: &BTreeMap::new(),
        flags: &[],
        resolve: &|_| Err(ReferenceError::Unavailable),
        bases: PathBases::default(),
    })
    .unwrap()
}

fn outcome(migration: &Migration, key: &str) -> Outcome {
    migration.report.keys.iter().find(|entry| entry.key == key).unwrap().outcome.clone()
}

#[test]
fn every_block_becomes_a_valid_configuration_and_every_key_is_reported() {
    assert!(blocks().len() >= 20);
    for path in blocks() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let migration = migrate(name);
        load(&migration.toml);
        let unknown: Vec<_> = migration.report.unknown().map(|entry| &entry.key).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
        assert!(!migration.report.keys.is_empty(), "{name}");
    }
}

#[test]
fn values_arrive() {
    let config = load(&migrate("everything.yaml").toml);
    assert_eq!((config.server.host.to_string().as_str(), config.server.port), ("0.0.0.0", 8100));
    assert_eq!((config.reactor.enabled, config.reactor.port, config.general.workers), (true, 8101, 3));
    assert_eq!(config.reactor.fallback_timeout.to_string(), "2500ms");
    assert_eq!(config.p2p.listen[0].as_str(), "/ip4/0.0.0.0/tcp/4101");
    assert_eq!(config.p2p.task_queue.capacity, 2000);
    assert_eq!(config.p2p.workflow.max_active, 40);
    assert_eq!(config.p2p.task_queue.max_timeout.to_string(), "30m");
    assert_eq!(config.p2p.workflow.max_timeout.to_string(), "90m");
    assert_eq!(config.p2p.bootstrap.len(), 1, "a public IPFS node is left out");
    assert_eq!(config.p2p.discovery.github.repository.as_ref().unwrap().as_str(), "example/peers");
    assert!(config.p2p.discovery.github.enabled && config.p2p.discovery.dht && !config.p2p.discovery.mdns);
    let config = load(&migrate("categories.yaml").toml);
    let enabled: Vec<&str> = config.tools.enabled_categories.iter().map(|category| category.as_str()).collect();
    assert_eq!(enabled, ["dataset", "vector", "provenance"]);
    assert_eq!((config.telemetry.log.as_str(), config.limits.deadline.to_string().as_str()), ("warn", "45s"));
    assert!(load(&migrate("performance.yaml").toml).router.prefer_reactor);
    assert_eq!(load(&migrate("monitoring.yaml").toml).p2p.connection_timeout.to_string(), "20s");
    let config = load(&migrate("compose.yaml").toml);
    assert_eq!((config.server.port, config.p2p.listen.len()), (8100, 2));
}

#[test]
fn what_does_not_fit_is_named_with_its_reason() {
    let migration = migrate("quick-start.yaml");
    let Outcome::NotCarried { note } = outcome(&migration, "p2p.peer_discovery.enable_github_registry") else {
        panic!("{migration:?}")
    };
    assert!(note.contains("owner/name"), "{note}");
    let migration = migrate("runtimes.yaml");
    let Outcome::NotCarried { note } = outcome(&migration, "p2p.peer_registry.bootstrap_nodes") else {
        panic!("{migration:?}")
    };
    assert!(note.contains("QmBootstrap1"), "{note}");
    let secrets = migrate("example.env");
    assert!(!format!("{secrets:?}").contains("not-to-be-shown"));
    let input = Input { yaml: Some("server:\n  fastapi:\n    prot: 1\n  port: 70000\n"), ..Input::default() };
    let migration = Migration::of(&input, &|_| Ok(())).unwrap();
    assert_eq!(
        outcome(&migration, "server.fastapi.prot"),
        Outcome::Unknown { nearest: Some("server.fastapi.port".to_owned()) }
    );
    assert!(matches!(outcome(&migration, "server.port"), Outcome::NotCarried { .. }));
}

#[test]
fn of_two_keys_for_one_setting_the_more_precise_counts() {
    let text = "server:\n  port: 8000\n  fastapi: {port: 8100}\n";
    let variables =
        BTreeMap::from([("MCP_PORT".to_owned(), "8200".to_owned()), ("PATH".to_owned(), "/bin".to_owned())]);
    let input = Input { yaml: Some(text), variables: Some(&variables), ..Input::default() };
    let migration = Migration::of(&input, &|_| Ok(())).unwrap();
    assert_eq!(load(&migration.toml).server.port, 8200);
    let overridden = Outcome::Overridden { by: "MCP_PORT".to_owned(), to: "server.port".to_owned() };
    assert_eq!(outcome(&migration, "server.fastapi.port"), overridden);
    assert_eq!(migration.report.keys.len(), 3, "PATH is not of the older host");
}

#[test]
fn what_the_caller_refuses_is_not_written() {
    let input = Input { yaml: Some("p2p: {listen_port: 4101, max_connections: 7}\n"), ..Input::default() };
    let refuse = |config: &HostConfig| match config.p2p.max_connections {
        7 => Err("seven is refused".into()),
        _ => Ok(()),
    };
    let migration = Migration::of(&input, &refuse).unwrap();
    let config = load(&migration.toml);
    assert_eq!((config.p2p.max_connections, config.p2p.listen.len()), (256, 2));
    assert!(
        matches!(outcome(&migration, "p2p.max_connections"), Outcome::NotCarried { note } if note.contains("seven"))
    );
}
