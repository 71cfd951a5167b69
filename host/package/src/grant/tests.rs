use proptest::prelude::*;
use tandem_document::{Tree, read};
use tandem_types::{ByteSize, Secret, Setting};

use super::*;
use crate::{
    capability::{Grants, KvQuota, Request},
    http::HttpRule,
    plugin::FsMode,
};

fn request(text: &str) -> Request {
    read(&Tree::parse("request", text, |_| false)).unwrap()
}

fn grants(text: &str) -> Grants {
    read(&Tree::parse("grants", text, |_| false)).unwrap()
}

fn wrong(text: &str) -> String {
    read::<Grants>(&Tree::parse("g", text, |_| false)).unwrap_err().to_string()
}

fn explained(effective: &Effective, capability: &str) -> (Option<String>, Option<String>) {
    let found = effective.explain().iter().find(|explained| explained.capability == capability).unwrap();
    (found.granted.clone(), found.reason.clone())
}

#[test]
fn nothing_outside_is_had_without_a_grant_and_nothing_is_granted_without_a_request() {
    let wants = request(
        "fs = [{ name = 'data' }]\nhttp = [{ host = 'a.example.com' }]\nenv = ['LANG']\nsecrets = ['token']\np2p = ['peers']\n",
    );
    let nothing = Effective::intersect(&wants, &Grants::default(), None);
    assert_eq!(nothing, Effective { explained: nothing.explained.clone(), ..Effective::default() });
    assert_eq!(nothing.explain().len(), 5);
    for explained in nothing.explain() {
        assert_eq!(explained.granted, None);
        assert_eq!(explained.reason.as_deref(), Some("the operator's grants do not have it"));
    }

    let generous = grants(
        "fs.data = 'data'\nhttp = ['a.example.com']\nenv.LANG = 'C'\nkv = true\ncache = true\ninvoke = true\n\
         allow = ['peers', 'reveal-secrets']\n",
    );
    let unasked = Effective::intersect(&Request::default(), &generous, None);
    assert_eq!(unasked, Effective::default());
}

#[test]
fn read_only_wins() {
    for (asked, operator, tenant, expected) in [
        ("read-write", "read-write", None, FsMode::ReadWrite),
        ("read-only", "read-write", None, FsMode::ReadOnly),
        ("read-write", "read-only", None, FsMode::ReadOnly),
        ("read-write", "read-write", Some("read-only"), FsMode::ReadOnly),
        ("read-write", "read-only", Some("read-write"), FsMode::ReadOnly),
    ] {
        let wants = request(&format!("fs = [{{ name = 'data', mode = '{asked}' }}]"));
        let grant = |path: &str, mode: &str| grants(&format!("fs.data = {{ path = '{path}', mode = '{mode}' }}"));
        let tenant = tenant.map(|mode| grant("tenants/acme", mode));
        let effective = Effective::intersect(&wants, &grant("data", operator), tenant.as_ref());
        assert_eq!(effective.fs[0].mode, expected, "{asked} {operator}");
        let path = if tenant.is_some() { "tenants/acme" } else { "data" };
        assert_eq!(effective.fs[0].path.to_string(), path);
        let narrowed = expected == FsMode::ReadOnly && asked == "read-write";
        assert_eq!(explained(&effective, "fs.data").1.is_some(), narrowed);
    }
}

#[test]
fn a_tenant_narrows_the_kinds_that_it_names() {
    let wants = request("fs = [{ name = 'a' }, { name = 'b' }]\nenv = ['LANG', 'TZ']\n");
    let operator =
        grants("fs = { a = 'a', b = 'b' }\nenv = { LANG = 'C', TZ = 'UTC' }\nconfig = { x = '1', y = '1' }\n");
    let tenant = grants("fs.a = 'acme/a'\nfs.c = 'acme/c'\nconfig.y = '2'\n");
    let effective = Effective::intersect(&wants, &operator, Some(&tenant));
    assert_eq!(effective.fs.iter().map(|fs| fs.path.to_string()).collect::<Vec<_>>(), ["acme/a"]);
    assert_eq!(explained(&effective, "fs.b").1.as_deref(), Some("the tenant's grants do not have it"));
    assert_eq!(effective.env.len(), 2, "not named, so left as the operator grants it");
    let config: Vec<&str> = effective.config.values().map(Setting::expose).collect();
    assert_eq!(config, ["1", "2"]);

    let closed = Effective::intersect(&wants, &operator, Some(&grants("fs = {}\nenv = {}\n")));
    assert!(closed.fs.is_empty() && closed.env.is_empty());
    let alone = Effective::intersect(&wants, &Grants::default(), Some(&tenant));
    assert!(alone.fs.is_empty(), "a tenant's table gives nothing that the operator does not");
}

#[test]
fn private_state_is_granted_until_someone_says_no() {
    let wants = request("cache = { max-bytes = '8MiB' }\nkv = { max-bytes = '4MiB', max-keys = 100 }\ninvoke = true\n");
    let default = Effective::intersect(&wants, &Grants::default(), None);
    assert_eq!((default.internal.cache, default.internal.invoke), (Some(ByteSize::mib(8)), true));
    assert_eq!(default.internal.kv, Some(KvQuota { max_bytes: ByteSize::mib(4), max_keys: 100 }));
    assert!(default.explain().iter().all(|explained| explained.reason.is_none()));

    let narrow = grants("cache = { max-bytes = '16MiB' }\nkv = { max-keys = 10 }\n");
    let tenant = grants("cache = { max-bytes = '1MiB' }\nkv = { max-bytes = '1GiB' }\n");
    let narrowed = Effective::intersect(&wants, &narrow, Some(&tenant));
    assert_eq!(narrowed.internal.cache, Some(ByteSize::mib(1)));
    assert_eq!(narrowed.internal.kv, Some(KvQuota { max_bytes: ByteSize::mib(4), max_keys: 10 }));
    assert_eq!(explained(&narrowed, "cache").1.as_deref(), Some("the tenant's grants narrow it"));
    assert_eq!(explained(&narrowed, "kv").1.as_deref(), Some("the operator's grants narrow it"));

    let off = grants("cache = false\nkv = false\ninvoke = false\n");
    for (operator, tenant) in [(&off, &Grants::default()), (&Grants::default(), &off)] {
        let none = Effective::intersect(&wants, operator, Some(tenant));
        assert_eq!((none.internal.cache, none.internal.kv, none.internal.invoke), (None, None, false));
        assert!(none.explain().iter().all(|explained| explained.reason.as_ref().unwrap().ends_with("set it to false")));
    }
}

#[test]
fn http_is_the_meet_of_all_rules() {
    let wants = request("http = [{ host = '*.example.com', methods = ['GET', 'POST'] }, { host = 'other.test' }]");
    let operator = grants(
        "http = ['api.example.com', { host = 'db.example.com', port = 8443, path = '/v1', methods = ['POST', 'PUT'] }]",
    );
    let effective = Effective::intersect(&wants, &operator, None);
    assert!(effective.allows_http("GET", "api.example.com", 443, "/x").is_some());
    assert!(effective.allows_http("PUT", "api.example.com", 443, "/x").is_none(), "not requested");
    assert!(effective.allows_http("GET", "www.example.com", 443, "/x").is_none(), "not granted");
    assert!(effective.allows_http("POST", "db.example.com", 8443, "/v1/x").is_none(), "another port than requested");
    assert!(effective.allows_http("GET", "other.test", 443, "/").is_none());
    assert_eq!(explained(&effective, "http.other.test").1.as_deref(), Some("the operator's grants do not have it"));
    let (granted, reason) = explained(&effective, "http.*.example.com");
    assert_eq!(granted.as_deref(), Some("GET,POST api.example.com"));
    assert_eq!(reason.as_deref(), Some("the operator's grants narrow it"));

    let tenant = grants("http = [{ host = '*.example.com', methods = ['GET'] }]");
    let effective = Effective::intersect(&wants, &operator, Some(&tenant));
    assert!(effective.allows_http("GET", "api.example.com", 443, "/x").is_some());
    assert!(effective.allows_http("POST", "api.example.com", 443, "/x").is_none());
    assert!(Effective::intersect(&wants, &operator, Some(&grants("http = []"))).http.is_empty());
}

#[test]
fn http_grants_have_a_short_form() {
    let rule = |text: &str| grants(&format!("http = [{text}]")).http.unwrap().remove(0).0;
    assert_eq!(rule("'api.example.com:8443'").port, Some(8443));
    assert_eq!(rule("'[::1]:80'").to_string(), "[::1]:80");
    assert_eq!(rule("'::1'").port, None);
    assert!(rule("'127.0.0.1:9000'").allows_private("127.0.0.1".parse().unwrap()), "an address means itself");
    assert!(!rule("'127.0.0.1:9000'").allows_private("127.0.0.2".parse().unwrap()));
    let table = rule("{ host = 'db.internal', allow-cidrs = ['10.1.2.3/8'] }");
    assert!(table.allows_private("10.9.9.9".parse().unwrap()));
    assert!(wrong("http = ['a.example.com:99999']").contains("is more than a host"));
    assert!(wrong("http = ['https://a.example.com']").contains("is more than a host"));
    assert!(wrong("http = ['*']").contains("a bare `*`"));
    assert!(wrong("http = [{ host = 'a.b', allow-cidrs = ['10.0.0.0'] }]").contains("is not a network"));
    assert!(wrong("http = [{ host = 'a.b', allow-cidrs = ['::ffff:10.0.0.0/104'] }]").contains("usual form"));
}

#[test]
fn private_networks_come_from_grants_and_a_tenant_must_name_them_too() {
    let wants = request("http = [{ host = 'db.internal.test' }]");
    let operator = grants("http = [{ host = 'db.internal.test', allow-cidrs = ['10.0.0.0/8'] }]");
    let inside = "10.1.1.1".parse().unwrap();
    let reach = |tenant: Option<&Grants>| {
        let effective = Effective::intersect(&wants, &operator, tenant);
        effective.allows_http("GET", "db.internal.test", 443, "/").unwrap().allows_private(inside)
    };
    assert!(reach(None));
    assert!(!reach(Some(&grants("http = ['db.internal.test']"))));
    assert!(reach(Some(&grants("http = [{ host = 'db.internal.test', allow-cidrs = ['10.1.0.0/16'] }]"))));
}

#[test]
fn secrets_and_p2p_are_explicit_and_revealing_is_apart() {
    let wants = request("secrets = ['api-token', 'other']\np2p = ['peers', 'task-queue']\n");
    let mut operator = grants("allow = ['peers']");
    operator.secrets = Some([("api-token".parse().unwrap(), Secret::new("s3cret".into()))].into());
    let effective = Effective::intersect(&wants, &operator, None);
    assert_eq!(effective.secrets.get("api-token").unwrap().expose(), "s3cret");
    assert!(effective.secrets.len() == 1 && !effective.reveal_secrets);
    assert_eq!(effective.p2p.len(), 1);
    assert_eq!(explained(&effective, "secrets.api-token").0.as_deref(), Some("use in requests"));
    assert!(!format!("{effective:?}").contains("s3cret"));

    operator.allow = Some([Allowance::RevealSecrets].into());
    assert!(Effective::intersect(&wants, &operator, None).reveal_secrets);
    assert!(!Effective::intersect(&wants, &operator, Some(&grants("allow = []"))).reveal_secrets);

    let tenant = Grants {
        secrets: Some([("api-token".parse().unwrap(), Secret::new("acme".into()))].into()),
        ..Grants::default()
    };
    let effective = Effective::intersect(&wants, &operator, Some(&tenant));
    assert_eq!(effective.secrets.get("api-token").unwrap().expose(), "acme");
}

#[test]
fn a_secret_is_bound_to_its_hosts() {
    let wants = request("secrets = ['token']\nhttp = [{ host = '*.example.com' }]\n");
    let bound = |text: &str, tenant: Option<&str>| {
        let with_secret = |text: &str| {
            let secrets = Some([("token".parse().unwrap(), Secret::new("s3cret".into()))].into());
            Grants { secrets, ..grants(text) }
        };
        let tenant = tenant.map(with_secret);
        let effective = Effective::intersect(&wants, &with_secret(text), tenant.as_ref());
        effective.secret_hosts.get("token").map(|lists| format!("{lists:?}"))
    };
    let two = "http = ['a.example.com', 'b.example.com']\n";
    assert!(bound("http = ['a.example.com']", None).unwrap().contains("a.example.com"), "the one host is meant");
    assert_eq!(bound(two, None), None, "nobody says which of them");
    assert!(bound(&format!("{two}allow = ['reveal-secrets']"), None).is_some(), "it can read it anyway");
    let named = format!("{two}secret-hosts.token = ['b.example.com']");
    let hosts = bound(&named, None).unwrap();
    assert!(hosts.contains("b.example.com") && !hosts.contains("a.example.com"), "{hosts}");
    let narrowed = bound(&named, Some("secret-hosts.token = ['a.example.com']")).unwrap();
    assert!(narrowed.contains("b.example.com") && narrowed.contains("a.example.com"), "both lists count: {narrowed}");
}

#[test]
fn a_variable_that_the_host_lacks_is_said() {
    let wants = request("env = [{ name = 'LANG', reason = 'messages' }]");
    let effective = Effective::intersect(&wants, &grants("env.LANG = { inherit = true }"), None);
    assert!(effective.env.is_empty());
    let line = effective.explain()[0].to_string();
    assert_eq!(line, "env.LANG: asked read, got nothing (the host's own environment does not have it)");
    assert_eq!(effective.explain()[0].purpose.as_deref(), Some("messages"));
}

#[test]
fn wrong_grants_are_told() {
    assert!(wrong("fs.data = '../x'").contains("is not a valid path of a grant"));
    assert!(
        wrong("fs.data = { path = 'a', mode = 'rw' }")
            .contains("unknown value `rw`; known values: `read-only`, `read-write`")
    );
    assert!(wrong("fs.data = { path = 'a', mod = 'b' }").contains("unknown key `mod`; did you mean `mode`?"));
    assert!(wrong("secrets.token = 'clear'").contains("a secret in clear text is refused; write `${env:NAME}`"));
    assert!(!wrong("secrets.token = 'clear'").contains("'clear'"));
    assert!(wrong("allow = ['peer']").contains("did you mean `peers`?"));
    assert!(wrong("env.LANG = { inherit = false }").contains("grants nothing"));
    assert!(wrong("kv = { max-keys = 0 }").contains("0 is outside 1 to 1000000"));
    assert!(wrong("invoke = 'yes'").contains("expected `true` or `false`, found a string"));
    assert!(wrong("htpp = []").contains("did you mean `http`?"));
}

fn any_http() -> impl Strategy<Value = String> {
    let host = prop_oneof![Just("a.example.com"), Just("*.example.com"), Just("b.test"), Just("10.0.0.1")];
    let port = prop_oneof![Just(""), Just(", port = 443"), Just(", port = 8080")];
    let methods = prop_oneof![Just(""), Just(", methods = ['GET']"), Just(", methods = ['GET', 'PUT']")];
    let path = prop_oneof![Just(""), Just(", path = '/v1'"), Just(", path = '/v1/x'")];
    let rule = (host, port, methods, path)
        .prop_map(|(host, port, methods, path)| format!("{{ host = '{host}'{port}{methods}{path} }}"));
    proptest::collection::vec(rule, 0..4).prop_map(|rules| format!("http = [{}]", rules.join(", ")))
}

proptest! {
    #[test]
    fn no_request_passes_that_one_party_refuses(
        asked in any_http(), operator in any_http(), tenant in proptest::option::of(any_http()),
    ) {
        let (wants, operator) = (request(&asked), grants(&operator));
        let tenant = tenant.map(|text| grants(&text));
        let effective = Effective::intersect(&wants, &operator, tenant.as_ref());
        let any = |rules: &[HttpRule], m: &str, h: &str, p: u16, path: &str| rules.iter().any(|rule| rule.allows(m, h, p, path));
        let rules = |grants: &Grants| grants.http.iter().flatten().map(|grant| grant.0.clone()).collect::<Vec<_>>();
        let asked: Vec<HttpRule> = wants.http.iter().map(crate::HttpRequest::rule).collect();
        for host in ["a.example.com", "b.example.com", "b.test", "10.0.0.1"] {
            for (method, port, path) in [("GET", 443, "/"), ("GET", 8080, "/v1"), ("PUT", 443, "/v1/x"), ("GET", 80, "/v1/x/y")] {
                let all = any(&asked, method, host, port, path)
                    && any(&rules(&operator), method, host, port, path)
                    && tenant.as_ref().is_none_or(|tenant| any(&rules(tenant), method, host, port, path));
                prop_assert_eq!(effective.allows_http(method, host, port, path).is_some(), all, "{} {}:{}{}", method, host, port, path);
            }
        }
        prop_assert_eq!(effective.explain().len(), wants.http.len());
    }
}
