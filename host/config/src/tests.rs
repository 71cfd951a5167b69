use std::collections::BTreeMap;

use proptest::prelude::*;
use tandem_document::{MAX_TEXT, ManifestErrors};
use tandem_package::{Allowance, Ceilings, FsMode};
use tandem_types::{ByteSize, HumanDuration};

use super::*;

mod keys;
mod secrets;

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// A file with every section.
const FULL: &str = include_str!("full.toml");

fn environment(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn resolve(reference: Reference<'_>) -> Result<String, ReferenceError> {
    match reference {
        Reference::Env("EXAMPLE_TOKEN") => Ok("s3cret-token".into()),
        Reference::Env("ACME_KEY_SHA256") => Ok(HASH.into()),
        Reference::Env("CI_KEY_SHA256") => Ok(HASH.replace('9', "8")),
        Reference::Env("PORT") => Ok("9100".into()),
        Reference::File("/run/secrets/db") => Ok("s3cret-db\n".into()),
        _ => Err(ReferenceError::Unreadable("is not set".into())),
    }
}

fn load_all(text: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<HostConfig, ManifestErrors> {
    let flags: Vec<(String, String)> = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let file = Some(("tandem.toml", text)).filter(|(_, text)| !text.is_empty());
    HostConfig::load(&ConfigSources {
        file,
        environment: &environment(variables),
        bases: Default::default(),
        flags: &flags,
        resolve: &resolve,
    })
}

fn load(text: &str) -> HostConfig {
    load_all(text, &[], &[]).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn errors(text: &str) -> Vec<String> {
    load_all(text, &[], &[]).unwrap_err().as_slice().iter().map(ToString::to_string).collect()
}

fn one_error(text: &str) -> String {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0].clone()
}

#[test]
fn no_configuration_is_loopback_and_closed() {
    let config = load_all("", &[], &[]).unwrap();
    assert_eq!(config, HostConfig::default());
    assert!(config.server.host.is_loopback() && config.reactor.host.is_loopback());
    assert_eq!((config.server.port, config.reactor.port), (8_000, 8_001));
    assert!(!config.plugins.allow_unsigned && config.grants.is_empty() && config.auth.is_none());
    assert!(!config.p2p.discovery.mdns && !config.p2p.discovery.dht && config.p2p.listen.len() == 2);
    assert_eq!(config.server.max_body, ByteSize::mib(4));
    assert_eq!(config.plugins.data_directory, "data");
}

#[test]
fn a_file_with_every_section_is_read() {
    let config = load(FULL);
    let defaults = ServerConfig {
        stdio_tenant: config.server.stdio_tenant.clone(),
        metrics_token: config.server.metrics_token.clone(),
        session_limit_per_tenant: Some(500),
        ..ServerConfig::default()
    };
    assert_eq!(config.server, defaults, "the file says what the defaults are");
    assert_eq!(config.server.metrics_token.as_ref().unwrap().expose(), "s3cret-token");
    assert_eq!((&config.reactor, &config.general), (&ReactorConfig::default(), &GeneralConfig::default()));
    assert_eq!((&config.plugins, &config.limits), (&PluginsConfig::default(), &Ceilings::default()));
    assert_eq!(config.audit, AuditConfig::default());
    assert_eq!(config.tasks, TasksConfig { limit_per_tenant: Some(32), ..TasksConfig::default() });
    assert_eq!((&config.store, &config.telemetry), (&StoreConfig::default(), &TelemetryConfig::default()));
    let grants = &config.grants["dataset"];
    assert_eq!(grants.secrets.as_ref().unwrap()["api-token"].expose(), "s3cret-token");
    assert!(grants.allow.as_ref().unwrap().contains(&Allowance::TaskQueue));
    let tenant = &config.tenants["acme"];
    assert_eq!(tenant.keys[0], KeyConfig::from(KeyHash::of("test")));
    let ci = &tenant.keys[1];
    assert_eq!(ci.name.as_ref().unwrap().as_str(), "ci");
    assert_eq!(ci.expires.unwrap().to_string(), "2027-01-01T00:00:00Z");
    let auth = config.auth.as_ref().unwrap();
    assert_eq!((auth.tenant_claim.as_str(), auth.scopes["data.read"].tools.len()), ("tenant", 1));
    assert!(config.authenticates());
    assert_eq!(tenant.grants["dataset"].fs.as_ref().unwrap()["data"].mode, FsMode::ReadOnly);
    assert_eq!(tenant.cpu_per_minute, HumanDuration::secs(60));
    assert!(tenant.allows_category("anything"));
    assert_eq!((&config.p2p.limits, config.p2p.nat.enabled), (&PeerLimitsConfig::default(), false));
    assert_eq!(config.p2p.discovery.github.repository.as_ref().unwrap().as_str(), "owner/name");
}

#[test]
fn capabilities_follow_from_the_configuration() {
    let request = tandem_package::PluginManifest::parse(
        "plugin.toml",
        "[plugin]\nname = 'dataset'\nversion = '1.0.0'\ndescription = 'd'\n[request]\nfs = [{ name = 'data', mode = 'read-write' }]\nkv = true\n",
    )
    .unwrap()
    .request;
    let config = load(FULL);
    let default = config.effective("dataset", &request, "default");
    assert_eq!((default.fs[0].mode, default.fs[0].path.to_string().as_str()), (FsMode::ReadWrite, "data"));
    let acme = config.effective("dataset", &request, "acme");
    assert_eq!((acme.fs[0].mode, acme.fs[0].path.to_string().as_str()), (FsMode::ReadOnly, "tenants/acme/data"));
    let other = config.effective("other", &request, "acme");
    assert!(other.fs.is_empty() && other.internal.kv.is_some());
}

#[test]
fn later_layers_win_and_are_known() {
    let text = "[server]\nport = 1\nhost = '127.0.0.2'\n[general]\nworkers = 2\n";
    let variables = [("TANDEM_SERVER__PORT", "2"), ("TANDEM_GENERAL__WORKERS", "3"), ("TANDEM_LIMITS__MEMORY", "1GiB")];
    let config = load_all(text, &variables, &[("server.port", "3")]).unwrap();
    assert_eq!((config.server.port, config.general.workers), (3, 3));
    assert_eq!(config.limits.memory, ByteSize::mib(1024));
    assert_eq!(config.origin("server.port"), Origin::Flag);
    assert_eq!(config.origin("general.workers"), Origin::Env("TANDEM_GENERAL__WORKERS".into()));
    assert_eq!(config.origin("server.host"), Origin::File);
    assert_eq!(config.origin("server.drain"), Origin::Default);
    let entry = |key: &str| config.entries().into_iter().find(|entry| entry.key == key).unwrap();
    assert_eq!((entry("server.port").value.as_str(), entry("server.port").origin), ("3", Origin::Flag));
    assert_eq!(entry("server.drain").value, "\"30s\"");
}

#[test]
fn the_environment_reaches_every_kind_of_value() {
    let text = "[grants.data-set]\nenv.Lang = 'C'\n";
    let config = load_all(
        text,
        &[
            ("TANDEM_SERVER__ALLOWED_ORIGINS", "https://a.test, https://b.test"),
            ("TANDEM_PLUGINS__TRUST_ROOTS", "['one.pub']"),
            ("TANDEM_REACTOR__ENABLED", "false"),
            ("TANDEM_GRANTS__DATA_SET__KV", "{ max-keys = 7 }"),
            ("TANDEM_GRANTS__DATA_SET__INVOKE", "false"),
            ("TANDEM_GRANTS__DATA_SET__CACHE", "false"),
            ("TANDEM_GRANTS__DATA_SET__ENV__LANG", "true"),
            ("TANDEM_GRANTS__DATA_SET__ENV__MY_VAR", "x"),
            ("TANDEM_GRANTS__DATA_SET__SECRETS__TOKEN", "from-environment"),
            ("TANDEM_STORE__URL", "sqlite:other.db"),
            ("TANDEM_BOOTSTRAP", "belongs to someone else"),
            ("UNRELATED__KEY", "x"),
        ],
        &[],
    )
    .unwrap();
    assert_eq!(config.server.allowed_origins.len(), 2);
    assert_eq!(config.plugins.trust_roots, ["one.pub"]);
    assert!(!config.reactor.enabled);
    let grants = &config.grants["data-set"];
    assert_eq!(grants.kv.as_ref().unwrap().on().unwrap().max_keys, Some(7));
    assert_eq!((grants.invoke, grants.cache.as_ref().unwrap().on()), (Some(false), None));
    let env: Vec<(&str, &tandem_package::EnvGrant)> =
        grants.env.iter().flatten().map(|(k, v)| (k.as_str(), v)).collect();
    assert_eq!(
        env[0],
        ("Lang", &tandem_package::EnvGrant::Value(tandem_types::Setting::hidden("true"))),
        "the name in the file is kept"
    );
    assert_eq!(env[1].0, "MY_VAR");
    assert_eq!(grants.secrets.as_ref().unwrap()["token"].expose(), "from-environment");
    assert_eq!(config.store.url.to_string(), "sqlite:other.db");
}

#[test]
fn errors_name_line_variable_or_flag() {
    assert_eq!(one_error("[sever]\nport = 1\n"), "tandem.toml:1:2: unknown key `sever`; did you mean `server`?");
    let port = one_error("[server]\nport = 99999\n");
    assert_eq!(port, "tandem.toml:2:8: expected an integer from 0 to 65535");
    let all = load_all(
        "",
        &[("TANDEM_SERVER__PROT", "1"), ("TANDEM_SERVER__PORT", "many"), ("TANDEM___X__", "1")],
        &[("server.host", "localhost"), ("a..b", "1")],
    )
    .unwrap_err();
    let all: Vec<String> = all.as_slice().iter().map(ToString::to_string).collect();
    for expected in [
        "environment variable TANDEM_SERVER__PROT: unknown key `prot`; did you mean `port`?",
        "environment variable TANDEM_SERVER__PORT: expected an integer from 0 to 65535, found a string",
        "environment variable TANDEM___X__: its name is not a key",
        "flag server.host: `localhost` is not a valid ip address; write one as `127.0.0.1` or `::1`",
        "flag a..b: its name is not a key",
    ] {
        assert!(all.iter().any(|error| error.starts_with(expected)), "{expected}\n{all:#?}");
    }
    assert_eq!(all.len(), 5, "{all:#?}");
    let unset = one_error("[server]\nhost = '${env:NOWHERE}'\n");
    assert_eq!(unset, "tandem.toml:2:8: environment variable `NOWHERE`: is not set");
    let required = one_error("[auth]\nissuer = '${env:NOWHERE}'\naudience = 'https://a.test'\n");
    assert!(required.contains("`NOWHERE`"), "the key is not also called missing: {required}");
}

#[test]
fn rules_between_values_hold() {
    let one = |text: &str, expected: &str| {
        let error = one_error(text);
        assert!(error.contains(expected), "{text}: {error}");
    };
    one("[server]\nport = 8001\n", "the server listens there already");
    one("[p2p.task-queue]\ncapacity = 5_000_000\n", "need at least 5100000 stored tasks");
    load("[p2p.task-queue]\ncapacity = 5_000_000\n[tasks]\nstored-per-tenant = 5_100_000\n");
    one("[server]\ndrain = '1h'\n", "tandem.toml:2:9: 1h is outside 0ms to 10m");
    one("[server]\nallowed-origins = ['*']\n", "`*` is not a valid web origin");
    one("[plugins]\ntrust-roots = ['*/a.pub']\n", "not of a directory's");
    one("[tenants.a]\n[auth]\nissuer = 'http://id.test'\naudience = 'https://a.test'\n", "use https");
    one("[auth]\nissuer = 'https://id.test'\n", "missing key `audience`");
    one("[p2p]\nadmission = 'psk'\n", "so give the key");
    one("[p2p]\nadmission = 'psk'\npsk = '${env:EXAMPLE_TOKEN}'\n", "take the quic addresses out");
    one("[p2p]\npsk = '${env:EXAMPLE_TOKEN}'\n", "the key has no use");
    for wrong in ["'/ip4/0.0.0.0/tcp/1'", "'/ip4/127.0.0.1/tcp/1', '/ip6/::/udp/1/quic-v1'", "'/ip4/192.0.2.1/tcp/1'"] {
        one(&format!("[p2p]\nadmission = 'open'\nlisten = [{wrong}]\n"), "p2p.allow-unauthenticated");
    }
    let relay = "/ip4/10.0.0.5/tcp/4001/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
    let relayed = format!("[p2p]\nadmission = 'open'\n[p2p.nat]\nenabled = true\nrelays = ['{relay}']\n");
    one(&relayed, "p2p.allow-unauthenticated");
    for right in [
        "[p2p]\nadmission = 'open'\nlisten = ['/ip4/127.0.0.2/tcp/1', '/ip6/::1/tcp/1']\n",
        "[p2p]\nadmission = 'open'\nlisten = ['/ip4/0.0.0.0/tcp/1']\nallow-unauthenticated = true\n",
        "[p2p]\nadmission = 'open'\nlisten = ['/ip4/0.0.0.0/tcp/1']\n[tenants.peers]\ncategories = []\n",
        "[p2p]\nadmission = 'open'\nlisten = ['/ip4/0.0.0.0/tcp/1']\n[reactor]\nenabled = false\n",
        "[p2p]\nlisten = ['/ip4/0.0.0.0/tcp/1']\n",
    ] {
        load(right);
    }
    one("[p2p]\nlisten = ['localhost:1']\n", "is not a valid multiaddress");
    one("[p2p]\nallow = ['me']\n", "is not a valid peer id");
    one("[p2p.tenants]\nme = 'a'\n", "is not a valid peer id");
    let peer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
    one(&format!("[p2p.tenants]\n{peer} = 'b'\n[tenants.a]\n"), "`b` is not one of the tenants");
    one("[p2p.discovery]\ndht-server = true\n", "set dht = true too");
    one("[p2p.limits]\nbytes-per-second = '1KiB'\n", "1KiB is outside 1MiB to 1GiB");
    one("[p2p.limits]\nstreams = 0\n", "0 is outside 1 to 64");
    one("[p2p.nat]\nrelays = ['/ip4/10.0.0.5/tcp/4001/p2p/x']\n", "they have no use");
    one("[p2p.nat]\nenabled = true\nrelays = ['/ip4/10.0.0.5/tcp/4001']\n", "end it with /p2p/ID");
    one("[p2p.discovery.github]\nenabled = true\n", "needs one, as `owner/name`");
    one("[p2p.discovery.github]\ntoken = '${env:EXAMPLE_TOKEN}'\napi-base = 'http://h.test'\n", "use https");
    one("[store]\nurl = 'mysql://x'\n", "not a store url");
    one("[store]\nurl = 'sqlite:../x'\n", "without `..`");
    one("[audit]\nkeep = '1s'\n", "1s is outside 1h to 365d");
    one("[audit]\ncalls = 'some'\n", "`some`");
    one("[tenants.a]\nrate = { per-second = 0 }\n", "0 would shut the tenant out");
    one("[tenants.a]\nkeys = ['${env:EXAMPLE_TOKEN}']\n", "64 hexadecimal digits");
    one("[tenants.a]\nkeys = [{ hash = '${env:ACME_KEY_SHA256}', expires = 'soon' }]\n", "`soon` is not a timestamp");
    one("[tenants.a]\nkeys = [{ hash = 'hunter2' }]\n", "clear text is refused");
    one("[tenants.a]\nkeys = [{ name = 'ci' }]\n", "missing key `hash`");
    one(
        "[tenants.a]\nkeys = [{ hash = '${env:ACME_KEY_SHA256}', name = 'x' }, { hash = '${env:CI_KEY_SHA256}', name = 'x' }]\n",
        "two keys are called `x`",
    );
    let auth = "[tenants.a]\n[auth]\nissuer = 'https://id.test'\naudience = 'https://a.test'\n";
    one(&auth.replace("[tenants.a]\n", ""), "tokens name a tenant, and there is none");
    one(&format!("{auth}[auth.scopes.tandem]\ntools = ['x']\n"), "have their meaning already");
    one(&format!("{auth}[auth.scopes.x]\n"), "it allows nothing");
    one(&format!("{auth}[auth.scopes.'a b']\ntools = ['x']\n"), "`a b` is not a valid scope");
    one("[server]\nstdio-tenant = 'b'\n[tenants.a]\n", "`b` is not one of the tenants");
    one("[server]\nallowed-hosts = ['https://a.test']\n", "is not a valid host name");
    one("[server]\nhead-timeout = '1h'\n", "outside 100ms to 10m");
    one("[server]\nmetrics-token = 'hunter2'\n", "clear text is refused");
    one("[tenants.A]\n", "`A` is not a valid kebab-case name");
    let shared = "[tenants.a]\nkeys = ['${env:ACME_KEY_SHA256}']\n[tenants.b]\nkeys = ['${env:ACME_KEY_SHA256}']\n";
    one(shared, "tandem.toml:4:8: a key of this tenant is also one of `a`");
}

#[test]
fn calls_are_recorded_where_there_is_someone_to_answer_for_them() {
    assert_eq!(load("").audited_calls(), AuditCalls::Failures);
    assert_eq!(load(FULL).audited_calls(), AuditCalls::All);
    assert_eq!(load(&FULL.replace("calls = \"auto\"", "calls = \"none\"")).audited_calls(), AuditCalls::None);
}

#[test]
fn the_hosts_own_variables_can_be_inherited() {
    let text = "[grants.a]\nenv.TZ = { inherit = true }\nenv.NONE = { inherit = true }\n";
    let config = load_all(text, &[("TZ", "UTC")], &[]).unwrap();
    let env = config.grants["a"].env.as_ref().unwrap();
    assert!(matches!(&env["TZ"], tandem_package::EnvGrant::Value(value) if value.expose() == "UTC"));
    assert_eq!(env["NONE"], tandem_package::EnvGrant::Inherit);
    assert!(!format!("{config:?}").contains("UTC"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        text in prop_oneof![
            ".{0,200}".boxed(),
            proptest::collection::vec((proptest::sample::select(FULL.lines().collect::<Vec<_>>()), ".{0,2}"), 0..25)
                .prop_map(|lines| lines.iter().map(|(line, junk)| format!("{line}{junk}\n")).collect::<String>())
                .boxed(),
        ],
        variable in "[A-Z_]{0,20}", value in ".{0,30}",
    ) {
        let name = format!("TANDEM_{variable}");
        match load_all(&text, &[(&name, &value)], &[(&variable, &value)]) {
            Ok(config) => prop_assert!(!config.entries().is_empty()),
            Err(errors) => prop_assert!(errors.as_slice().len() <= tandem_document::MAX_ERRORS && !errors.render(true).is_empty()),
        }
    }
}

#[test]
fn a_hostile_environment_is_bounded() {
    let long = "x".repeat(MAX_TEXT + 1);
    let deep = format!("TANDEM_{}", vec!["A"; 5_000].join("__"));
    let nested = "[".repeat(100_000);
    let errors = load_all(
        "",
        &[(deep.as_str(), "1"), ("TANDEM_SERVER__ALLOWED_ORIGINS", &nested), ("TANDEM_SERVER__HOST", &long)],
        &[],
    )
    .unwrap_err();
    assert!(errors.as_slice().iter().all(|error| error.to_string().len() < 500));
}

#[test]
fn what_tasks_may_take_has_bounds() {
    for (line, why) in [
        ("limit = 0", "each holds a guest"),
        ("limit = 10\nlimit-per-tenant = 11", "no more than all"),
        ("after = '61m'", "for hours"),
        ("keep = '59s'", "must find its result"),
        ("keep = '31d'", "must find its result"),
        ("max-result = '63KiB'", "64KiB are kept"),
        ("max-result = '65MiB'", "64KiB are kept"),
        ("bytes-per-tenant = '1023KiB'", "must find room"),
        ("ended-per-tenant = 200_001", "among the stored ones"),
        ("stored-per-tenant = 100_000_001", "rows of the store"),
        // What may wait and what has ended are stored together.
        ("stored-per-tenant = 109_999", "p2p.task-queue.capacity (10000)"),
    ] {
        let error = one_error(&format!("[tasks]\n{line}\n"));
        assert!(error.contains(why), "{line}: {error}");
    }
    let variables = [("TANDEM_TASKS__LIMIT_PER_TENANT", "8"), ("TANDEM_TASKS__AFTER", "0s")];
    let config = load_all("", &variables, &[]).unwrap();
    assert_eq!((config.tasks.limit_per_tenant, config.tasks.after), (Some(8), HumanDuration::millis(0)));
}
