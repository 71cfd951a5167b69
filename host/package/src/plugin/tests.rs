use proptest::prelude::*;
use semver::Version;
use serde_json::json;
use tandem_types::{ByteSize, HumanDuration, is_tool_name};

use super::*;
use crate::{
    capability::{KvRequest, Request},
    descriptor::{Annotations, Descriptors, TaskSupport, ToolDescriptor},
};

const MINIMAL: &str = "[plugin]\nname = 'dataset'\nversion = '1.2.0'\ndescription = 'Tables.'\n";

const FULL: &str = r#"
[plugin]
name = "dataset"
version = "1.2.0"
title = "Dataset tools"
description = "Load, transform and save tabular data."
license = "Apache-2.0"

[runtime]
affinity = "auto"
requires-p2p = false
instance = "pooled"
max-invocations = 50
priority = 7

[limits]
memory = "64MiB"
deadline = "30s"
cpu = "10s"
concurrency = 16
output = "4MiB"

[request]
fs = [{ name = "data", mode = "read-write", reason = "the data sets" }]
http = [{ host = "api.example.com", methods = ["GET"] }]
env = ["LANG", { name = "TZ", reason = "times" }]
secrets = ["api-token"]
cache = { max-bytes = "16MiB" }
kv = true
invoke = { reason = "joins" }
p2p = ["task-queue", "workflow", "peers", "bootstrap"]

[tools.load_dataset]
deadline = "120s"
retry = { policy = "exponential", max-attempts = 4 }
cache-ttl = "60s"
"#;

fn errors(text: &str) -> Vec<String> {
    let errors = PluginManifest::parse("p.toml", text).unwrap_err();
    errors.as_slice().iter().map(ToString::to_string).collect()
}

fn errors_after(addition: &str) -> Vec<String> {
    errors(&format!("{MINIMAL}{addition}"))
}

#[test]
fn everything_of_a_full_manifest_is_read() {
    let manifest = PluginManifest::parse("plugin.toml", FULL).unwrap();
    assert_eq!(manifest.plugin.version, Version::new(1, 2, 0));
    assert_eq!((manifest.runtime.affinity, manifest.runtime.invocations()), (Affinity::Auto, 50));
    assert_eq!(manifest.limits.memory, ByteSize::mib(64));
    assert_eq!(manifest.request.fs[0].mode, FsMode::ReadWrite);
    assert_eq!(manifest.request.env[1].name.as_str(), "TZ");
    assert_eq!(manifest.request.env[1].reason.as_deref(), Some("times"));
    assert_eq!(manifest.request.kv.on(), Some(&KvRequest::default()));
    assert_eq!(manifest.request.p2p.len(), 4);
    assert_eq!(manifest.tools.get("load_dataset").unwrap().retry.unwrap().max_attempts, 4);
}

#[test]
fn what_is_left_out_has_its_default_and_no_capability() {
    let manifest = PluginManifest::parse("plugin.toml", MINIMAL).unwrap();
    assert_eq!(manifest.request, Request::default());
    assert_eq!(manifest.runtime.invocations(), 1);
    let limits = manifest.limits;
    assert_eq!((limits.memory, limits.output, limits.concurrency), (ByteSize::mib(64), ByteSize::mib(4), 16));
    assert_eq!((limits.deadline, limits.cpu), (HumanDuration::secs(30), HumanDuration::secs(10)));
}

#[test]
fn one_reading_shows_every_error_with_its_place() {
    let text = r#"[plugin]
nmae = "dataset"
version = "1.2"
description = ""

[runtime]
affinity = "genral"
priority = 11

[limits]
memory = "64 MiB"
concurrency = -1

[request]
http = [{ host = "*.com" }, { host = "a.example.com", methods = ["get"] }]
kv = 5

[tool.x]
"#;
    let errors = errors(text);
    let expected = [
        "p.toml:2:1: unknown key `nmae`; did you mean `name`?",
        "p.toml:3:11: `1.2` is not a semantic version; write three numbers, as `1.2.0`",
        "p.toml:7:12: unknown value `genral`; did you mean `general`?",
        "p.toml:11:10: `64 MiB` has no known unit",
        "p.toml:12:15: expected an integer from 0 to 4294967295",
        "p.toml:15:18: `*.com` allows a whole top-level domain",
        "p.toml:15:66: unknown value `get`; did you mean `GET`?",
        "p.toml:16:6: expected `true`, `false` or a table, found an integer",
        "p.toml:18:2: unknown key `tool`; did you mean `tools`?",
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for expected in expected {
        assert!(errors.iter().any(|error| error.starts_with(expected)), "{expected}\nis not in\n{}", errors.join("\n"));
    }
}

#[test]
fn rules_beyond_types_are_told_at_their_value() {
    let one = |addition: &str, expected: &str| {
        let errors = errors_after(addition);
        assert!(errors.len() == 1 && errors[0].contains(expected), "{addition}: {errors:?}");
    };
    one("[runtime]\npriority = 11\n", "p.toml:6:12: 11 is outside 0 to 10");
    one("[runtime]\nmax-invocations = 5\n", "only a pooled instance counts its calls");
    one("[runtime]\ninstance = 'pooled'\nmax-invocations = 0\n", "0 is outside 1 to 1000000");
    one("[runtime]\naffinity = 'general'\nrequires-p2p = true\n", "the general lane has no p2p");
    one("[runtime]\naffinity = 'general'\n[request]\np2p = ['peers']\n", "the general lane has no p2p interfaces");
    one("[limits]\nmemory = '1KiB'\n", "1KiB is outside 64KiB to 4GiB");
    one("[limits]\nmemory = '5GiB'\n", "outside");
    one("[limits]\ndeadline = '2h'\n", "2h is outside 10ms to 1h");
    one("[limits]\nconcurrency = 0\n", "0 is outside 1 to 1024");
    one("[request]\nfs = [{ name = 'a' }, { name = 'a' }]\n", "`a` comes twice");
    one("[request]\nhttp = [{ host = 'a.b', methods = [] }]\n", "p.toml:6:35: an empty list allows nothing");
    one("[request]\nhttp = [{ host = 'a.b', port = 0 }]\n", "port 0 cannot be connected to");
    one("[request]\ncache = { max-bytes = '1GiB' }\n", "1GiB is outside 1KiB to 64MiB");
    one("[request]\nenv = [{ name = 'A', reason = \"a\\nb\" }]\n", "write one plain line");
    one("[tools.x]\nretry = { max-attempts = 11 }\n", "11 is outside 1 to 10");
    one("[tools.x]\nread-only = true\ndestructive = true\n", "what is read-only destroys nothing");
    one("[tools.'a b']\n", "`a b` is not a valid tool name");
}

#[test]
fn a_wrong_or_misspelt_key_is_not_also_missing() {
    let misspelt = errors(&MINIMAL.replace("description", "desciption"));
    assert_eq!(misspelt, ["p.toml:4:1: unknown key `desciption`; did you mean `description`?"]);
    let missing = errors(&MINIMAL.replace("version = '1.2.0'\n", ""));
    assert_eq!(missing, ["p.toml:1:2: missing key `version`"]);
    let errors = errors(&MINIMAL.replace("'dataset'", "'Data set'"));
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with("p.toml:2:8: `Data set` is not a valid kebab-case name"));
}

#[test]
fn a_later_entry_is_judged_after_an_earlier_one_fell() {
    let errors = errors_after("[request]\nhttp = [{ host = '*.com' }, { port = 1 }]\n");
    assert!(errors.iter().any(|error| error.contains("whole top-level domain")), "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("missing key `host`")), "{errors:?}");
}

#[test]
fn broken_syntax_has_a_place_too() {
    let errors = errors("[plugin\nname = 'x'\nversion = = 2\n");
    assert!(errors.iter().any(|error| error.starts_with("p.toml:1:")), "{errors:?}");
    assert!(errors.iter().any(|error| error.starts_with("p.toml:3:")), "{errors:?}");
}

#[test]
fn the_excerpt_points_at_the_value() {
    let errors = PluginManifest::parse("p.toml", &format!("{MINIMAL}[limits]\nmemry = '1GiB'\n")).unwrap_err();
    let text = errors.render(false);
    assert!(text.contains("error: unknown key `memry`"), "{text}");
    assert!(text.contains("--> p.toml:6:1"), "{text}");
    assert!(text.contains("6 | memry = '1GiB'"), "{text}");
    assert!(text.contains("^^^^^") && text.contains("help: did you mean `memory`?"), "{text}");
    assert!(!text.contains('\u{1b}') && errors.render(true).contains('\u{1b}'));
}

#[test]
fn errors_are_bounded() {
    let many: String = (0..500).map(|index| format!("key{index} = 1\n")).collect();
    assert_eq!(errors_after(&format!("[limits]\n{many}")).len(), tandem_document::MAX_ERRORS);
    let long = format!("{MINIMAL}# {}", "x".repeat(tandem_document::MAX_TEXT));
    assert!(errors(&long)[0].contains("the limit is 1048576"));
}

#[test]
fn deep_nesting_is_refused_on_a_small_stack() {
    let dotted = vec!["a"; 79].join(".");
    let inline = (0..79).fold("1".to_owned(), |inner, _| format!("{{ {dotted} = {inner} }}"));
    let texts = [
        format!("x = {}{}", "[".repeat(5_000), "]".repeat(5_000)),
        format!("{} = 1", vec!["a"; 50_000].join(".")),
        format!("[{}]\n", vec!["a"; 50_000].join(".")),
        format!("[{dotted}]\n{dotted} = {inline}\n"),
    ];
    let read = move || texts.iter().for_each(|text| assert!(PluginManifest::parse("p", text).is_err()));
    std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap().join().unwrap();
}

#[test]
fn the_section_is_canonical_and_strict() {
    let manifest = PluginManifest::parse("plugin.toml", FULL).unwrap();
    let section = manifest.to_section();
    let text = std::str::from_utf8(&section).unwrap();
    assert!(text.starts_with(r#"{"limits":{"concurrency":16,"#) && !text.contains(": "), "{text}");
    assert_eq!(PluginManifest::from_section(&section), Ok(manifest));

    let with = |from: &str, to: &str| PluginManifest::from_section(text.replace(from, to).as_bytes()).unwrap_err();
    assert!(matches!(with("\"affinity\"", "\"affinitx\""), SectionError::Form(_)));
    assert_eq!(with("\"limits\":{", "\"limits\": {"), SectionError::NotCanonical);
    let rule = with("\"concurrency\":16", "\"concurrency\":0");
    assert_eq!(
        rule.to_string(),
        "limits.concurrency: 0 is outside 1 to 1024: all plugins share the host's memory slots"
    );
}

#[test]
fn limits_are_the_lesser_of_author_and_operator() {
    let ceilings = Ceilings { memory: ByteSize::mib(32), deadline: HumanDuration::secs(60), ..Ceilings::default() };
    let limits = Limits { concurrency: 100, ..Limits::default() }.within(&ceilings);
    assert_eq!((limits.memory, limits.deadline), (ByteSize::mib(32), HumanDuration::secs(30)));
    assert_eq!((limits.concurrency, limits.output), (64, ByteSize::mib(4)));
}

#[test]
fn retries_and_caching_need_the_right_annotations() {
    let manifest = PluginManifest::parse("plugin.toml", FULL).unwrap();
    let policy = |annotations: Annotations| {
        manifest.tool_policy(&ToolDescriptor {
            name: "load_dataset".into(),
            title: None,
            description: String::new(),
            input_schema: serde_json::json!({ "type": "object" }),
            output_schema: None,
            annotations,
            meta: None,
        })
    };
    let careful = policy(Annotations::default());
    assert_eq!((careful.retry.attempts(), careful.cache_ttl), (1, None));
    assert_eq!(careful.deadline, HumanDuration::secs(120));
    let reader = policy(Annotations { read_only: true, ..Annotations::default() });
    assert_eq!((reader.retry.attempts(), reader.cache_ttl), (1, None));
    let repeatable = policy(Annotations { idempotent: true, ..Annotations::default() });
    assert_eq!((repeatable.retry.attempts(), repeatable.cache_ttl), (4, None));
    let pure = policy(Annotations { idempotent: true, read_only: true, ..Annotations::default() });
    assert_eq!(pure.cache_ttl, Some(HumanDuration::secs(60)));
    let pauses: Vec<u128> = (1..4).map(|failed| pure.retry.delay(failed).as_millis()).collect();
    assert_eq!(pauses, [500, 1_000, 2_000]);
}

#[test]
fn a_tool_becomes_a_task_as_manifest_code_or_deadline_say() {
    let manifest = |tools: &str| {
        let text = format!("{MINIMAL}{tools}");
        PluginManifest::parse("plugin.toml", &text).unwrap()
    };
    let task = |tools: &str, meta: Option<serde_json::Value>| {
        let descriptor = ToolDescriptor {
            name: "t".into(),
            title: None,
            description: String::new(),
            input_schema: serde_json::json!({ "type": "object" }),
            output_schema: None,
            annotations: Annotations::default(),
            meta,
        };
        manifest(tools).tool_policy(&descriptor).task
    };
    let required = || Some(serde_json::json!({ "tandem/task": "required" }));
    assert_eq!(task("", None), TaskSupport::Forbidden);
    assert_eq!(task("[tools.t]\ndeadline = \"61s\"", None), TaskSupport::Optional);
    assert_eq!(task("", required()), TaskSupport::Required);
    assert_eq!(task("[tools.t]\ntask = \"forbidden\"", required()), TaskSupport::Forbidden);
    let wrong = format!("{MINIMAL}[tools.t]\ntask = \"maybe\"");
    assert!(PluginManifest::parse("plugin.toml", &wrong).unwrap_err().to_string().contains("optional"));
}

#[test]
fn the_schema_knows_every_key() {
    let schema = PluginManifest::json_schema().to_string();
    for key in ["requires-p2p", "max-invocations", "cache-ttl", "max-bytes", "base-delay", "task-queue"] {
        assert!(schema.contains(key), "{key}");
    }
}

/// Texts that come near a manifest: lines of one, mixed and damaged.
fn almost_manifest() -> impl Strategy<Value = String> {
    let lines: Vec<String> = FULL.lines().map(str::to_owned).collect();
    let line = (proptest::sample::select(lines), ".{0,3}", 0usize..40).prop_map(|(mut line, junk, at)| {
        let at = line.floor_char_boundary(at.min(line.len()));
        line.insert_str(at, &junk);
        line
    });
    proptest::collection::vec(line, 0..30).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_places(text in prop_oneof![".{0,200}".boxed(), almost_manifest().boxed()]) {
        match PluginManifest::parse("p.toml", &text) {
            Ok(manifest) => prop_assert_eq!(PluginManifest::from_section(&manifest.to_section()), Ok(manifest)),
            Err(errors) => {
                for error in &errors {
                    prop_assert!(error.line >= 1 && error.column >= 1);
                    prop_assert!(!error.to_string().contains('\n'), "{}", error);
                    prop_assert!(error.render(false).contains("p.toml"));
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_a_section_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(PluginManifest::from_section(&bytes).is_err());
    }

    #[test]
    fn categories_are_tool_names(category in "[A-Za-z0-9_. -]{0,70}") {
        let text = MINIMAL.replace("version", &format!("category = '{category}'\nversion"));
        prop_assert_eq!(PluginManifest::parse("p", &text).is_ok(), is_tool_name(&category));
    }
}

#[test]
fn what_is_said_of_a_tool_goes_over_what_its_code_says() {
    let text = format!(
        "{MINIMAL}[tools.a]\ntitle = 'A'\nread-only = true\n[tools.b]\ndescription = 'Does b.'\n[tools.d]\noffered = false\n"
    );
    let manifest = PluginManifest::parse("plugin.toml", &text).unwrap();
    let tool = |name: &str| ToolDescriptor {
        name: name.to_owned(),
        title: None,
        description: "Its code's words.".to_owned(),
        input_schema: json!({"type": "object"}),
        output_schema: None,
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: true },
        meta: None,
    };
    let mut adjusted =
        Descriptors { tools: vec![tool("a"), tool("b"), tool("c"), tool("d")], ..Descriptors::default() };
    manifest.adjust(&mut adjusted);
    let [a, b, c] = &adjusted.tools[..] else { panic!("`d` is not offered") };
    assert_eq!((a.title.as_deref(), &*a.description), (Some("A"), "Its code's words."));
    assert!(a.annotations.read_only && !a.annotations.destructive && a.annotations.open_world);
    assert_eq!((&*b.description, b.annotations), ("Does b.", tool("b").annotations));
    assert_eq!(*c, tool("c"));
    assert_eq!(manifest.adjusted().collect::<Vec<_>>(), ["a", "b"]);
    let again = adjusted.clone();
    manifest.adjust(&mut adjusted);
    assert_eq!(adjusted, again, "twice is once");
}
