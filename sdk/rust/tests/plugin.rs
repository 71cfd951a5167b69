//! What `#[tools]` makes of an `impl` block, seen from where the host stands.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::collections::BTreeMap;

use tandem_sdk::prelude::*;
use tandem_sdk::{CompletionReference, Plugin, ToolDescriptor, testing};

/// How exact.
#[data]
#[serde(rename_all = "kebab-case")]
#[derive(Debug, PartialEq)]
enum Mode {
    Fast,
    VeryExact,
}

/// What was taken.
#[output]
struct Taken {
    times: u32,
    label: Option<String>,
    tags: usize,
    mode: Option<Mode>,
}

struct Group;

#[tools]
impl Group {
    /// Takes all there is.
    ///
    /// More about it.
    #[tool(name = "take.all", title = "Take", read_only, open_world, task = "required", meta = json!({ "vendor/key": 1 }))]
    fn take(
        ctx: &Ctx,
        /// Says what.
        #[arg(min_length = 1, max_length = 9, pattern = "^[a-z]+$")]
        text: &str,
        #[arg(default = 3, min = 1, max = 5)] times: u32,
        label: Option<String>,
        tags: &[String],
        mode: Option<Mode>,
        #[arg(default = "x", name = "type")] kind: String,
        r#match: Option<bool>,
    ) -> Result<Taken> {
        ctx.progress(1.0, None, "");
        log::info!("{text} {kind} {match:?}", r#match = r#match);
        Ok(Taken { times, label, tags: tags.len(), mode })
    }

    /// Lists.
    #[tool(task)]
    fn list() -> Result<Vec<u8>, std::num::ParseIntError> {
        Ok(vec!["1".parse()?, "2".parse()?])
    }

    /// Fails.
    #[tool]
    fn parse(text: String) -> Result<u8, std::num::ParseIntError> {
        text.parse()
    }

    /// Says nothing of its result's shape.
    #[tool]
    fn any() -> Value {
        json!({ "a": 1 })
    }

    /// A map.
    #[tool]
    fn map() -> BTreeMap<String, u8> {
        BTreeMap::from([("a".to_owned(), 1)])
    }

    /// Shows how things stand.
    #[resource(uri = "state://now", mime = "text/plain", title = "Now")]
    fn now(ctx: &Ctx) -> Result<String> {
        ctx.check()?;
        Ok("fine".to_owned())
    }

    /// A row.
    #[resource_template(uri = "row://{table}/{id}")]
    fn row(id: u8, table: &str) -> Result<Vec<u8>> {
        if id == 0 { Err(Error::not_found(table)) } else { Ok(vec![id]) }
    }

    /// Asks for a review.
    #[prompt]
    fn review(
        /// What to review.
        text: String,
        depth: Option<u8>,
    ) -> String {
        format!("{text} at {depth:?}")
    }

    #[complete(prompt = "review", argument = "depth")]
    fn depths(value: &str, settled: &tandem_sdk::Arguments) -> Vec<String> {
        vec![format!("{value}{}", settled.len())]
    }

    #[check]
    fn ready() -> Result<()> {
        config::parse::<u8>("level")?.map(drop).ok_or_else(|| Error::other("no level"))
    }
}

struct Other;

#[tools]
impl Other {
    /// In another file.
    #[tool(destructive, idempotent)]
    fn other() {}
}

tandem_sdk::export!(Group, Other);

fn descriptor(name: &str) -> Result<ToolDescriptor> {
    <(Group, Other)>::tools().into_iter().find(|tool| tool.name == name).ok_or_else(|| Error::not_found(name))
}

#[test]
fn a_function_says_what_it_takes() {
    assert_eq!(
        testing::input_schema::<Group>("take.all"),
        json!({
            "type": "object",
            "properties": {
                "text": {
                    "type": "string", "description": "Says what.", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$",
                },
                "times": { "type": "integer", "minimum": 1, "maximum": 5, "default": 3 },
                "label": { "type": "string" },
                "tags": { "type": "array", "items": { "type": "string" } },
                "mode": {
                    "type": "string", "description": "How exact.", "enum": ["fast", "very-exact"],
                },
                "type": { "type": "string", "default": "x" },
                "match": { "type": "boolean" },
            },
            "required": ["text", "tags"],
            "additionalProperties": false,
        })
    );
}

#[test]
fn a_tool_that_takes_nothing_says_so_with_properties() {
    let schema = testing::input_schema::<Other>("other");
    assert_eq!(schema, json!({ "type": "object", "properties": {}, "additionalProperties": false }));
}

#[test]
fn the_network_of_hosts_answers_what_a_test_gives() {
    let nowhere = p2p::bootstrap::list_sources();
    assert!(matches!(nowhere, Err(p2p::Error::Unavailable(_))), "{nowhere:?}");
    testing::set_p2p_answer("task-queue.cancel", Ok(json!({ "state": "cancelled" })));
    let cancelled = p2p::task_queue::cancel("a", Some("late"));
    assert_eq!(cancelled.as_deref(), Ok(r#"{"state":"cancelled"}"#));
    let asked = json!({ "task_id": "a", "reason": "late" });
    let requests = [("bootstrap.list-sources".to_owned(), json!({})), ("task-queue.cancel".to_owned(), asked)];
    assert_eq!(testing::take_p2p_requests(), requests);
    assert_eq!(testing::take_p2p_requests(), []);
}

#[test]
fn a_mark_says_what_a_tool_is() -> Result<()> {
    let take = descriptor("take.all")?;
    assert_eq!(take.title.as_deref(), Some("Take"));
    assert_eq!(take.description, "Takes all there is.\n\nMore about it.");
    let meta: Option<Value> = take.meta.as_deref().and_then(|text| serde_json::from_str(text).ok());
    assert_eq!(meta, Some(json!({ "vendor/key": 1, "tandem/task": "required" })));
    assert_eq!(descriptor("list")?.meta.as_deref(), Some(r#"{"tandem/task":"optional"}"#));
    let known = take.annotations;
    assert_eq!((known.read_only, known.destructive, known.idempotent, known.open_world), (true, false, false, true));
    let known = descriptor("other")?.annotations;
    assert_eq!((known.read_only, known.destructive, known.idempotent, known.open_world), (false, true, true, false));
    Ok(())
}

#[test]
fn arguments_arrive_and_defaults_fill_in() -> Result<()> {
    let output = testing::call::<Group>("take.all", &json!({ "text": "a", "tags": ["b"], "mode": "very-exact" }))?;
    assert_eq!(output.value(), json!({ "times": 3, "label": null, "tags": 1, "mode": "very-exact" }));
    assert!(output.content.is_empty());
    Ok(())
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    for (arguments, named) in [
        (json!({ "text": "a", "tags": [], "colour": 1 }), "colour"),
        (json!({ "tags": [] }), "text"),
        (json!({ "text": "a", "tags": [], "times": -1 }), "-1"),
    ] {
        let error = testing::call::<Group>("take.all", &arguments).expect_err("they do not fit");
        assert!(matches!(error, Error::InvalidArguments(_)), "{error:?}");
        assert!(error.to_string().contains(named), "{error}");
        assert!(!error.to_string().contains("line"), "a client does not see the text that lines count in: {error}");
    }
}

#[test]
fn results_that_are_no_object_are_put_into_one() -> Result<()> {
    assert_eq!(testing::call::<Group>("list", &json!({}))?.value(), json!({ "result": [1, 2] }));
    let schema = testing::output_schema::<Group>("list");
    assert_eq!(schema.pointer("/properties/result/type"), Some(&json!("array")));
    assert_eq!(testing::call::<Group>("map", &json!({}))?.value(), json!({ "a": 1 }));
    assert_eq!(testing::output_schema::<Group>("map").pointer("/type"), Some(&json!("object")));
    assert_eq!(testing::call::<Group>("any", &json!({}))?.value(), json!({ "a": 1 }));
    assert_eq!(descriptor("any")?.output_schema, None);
    Ok(())
}

#[test]
fn any_error_becomes_the_tools_own() {
    let error = testing::call::<Group>("parse", &json!({ "text": "x" })).expect_err("x is not a number");
    assert_eq!(error, Error::other("invalid digit found in string"));
    let error: Error = kv::Error::Denied("kv was not granted".to_owned()).into();
    assert_eq!(error.context("saving"), Error::denied("saving: kv was not granted"));
    let error: Error = client::Error::Unsupported("roots".to_owned()).into();
    assert_eq!(error.context("asking"), Error::MissingCapability("roots".to_owned()));
}

#[test]
fn a_tool_of_no_group_is_not_found() {
    assert!(<(Group, Other)>::call(&testing::ctx(), "other", "{}").is_some());
    assert!(<(Group, Other)>::call(&testing::ctx(), "nobody", "{}").is_none());
    assert_eq!(testing::call::<Group>("other", &json!({})), Err(Error::not_found("other")));
}

#[test]
fn resources_are_read_by_uri() -> Result<()> {
    assert_eq!(testing::read::<Group>("state://now")?, [ResourceContents::text("state://now", "text/plain", "fine")]);
    let row = testing::read::<Group>("row://users/7")?;
    assert_eq!(row.first().map(|contents| contents.mime_type.clone()), Some(None));
    assert_eq!(testing::read::<Group>("row://users/0"), Err(Error::not_found("users")));
    for uri in ["row://users/256", "row://users/x", "row://users", "state://then"] {
        assert!(matches!(testing::read::<Group>(uri), Err(Error::NotFound(_))), "{uri}");
    }
    Ok(())
}

#[test]
fn prompts_take_their_arguments_and_no_others() -> Result<()> {
    let prompt = testing::prompt::<Group>("review", &[("text", "code"), ("depth", "2")])?;
    assert_eq!(prompt.messages, [PromptMessage::user("code at Some(2)")]);
    assert_eq!(prompt.description.as_deref(), Some("Asks for a review."));
    let arguments = Group::prompts().remove(0).arguments;
    let told: Vec<_> = arguments.iter().map(|a| (a.name.as_str(), a.description.as_deref(), a.required)).collect();
    assert_eq!(told, [("text", Some("What to review."), true), ("depth", None, false)]);
    for wrong in [&[("text", "a"), ("depth", "deep")][..], &[("text", "a"), ("size", "1")], &[]] {
        assert!(matches!(testing::prompt::<Group>("review", wrong), Err(Error::InvalidArguments(_))), "{wrong:?}");
    }
    Ok(())
}

#[test]
fn a_completion_sees_what_is_settled() -> Result<()> {
    let settled = [("text".to_owned(), "code".to_owned())].into();
    let reference = CompletionReference::Prompt("review".to_owned());
    let found = Group::complete(&testing::ctx(), &reference, "depth", "d", &settled).transpose()?;
    assert_eq!(found.map(|completion| completion.values), Some(vec!["d1".to_owned()]));
    Ok(())
}

#[test]
fn a_check_reads_the_settings() {
    assert_eq!(Group::check(), Err(Error::other("no level")));
    testing::set_config("level", "many");
    let error = <(Other, Group)>::check().expect_err("`many` is not a number");
    assert!(error.to_string().contains("`level` = `many`"), "{error}");
    testing::set_config("level", "7");
    assert_eq!(<(Other, Group)>::check(), Ok(()));
}

#[test]
fn a_typed_question_is_answered_or_not() {
    assert_eq!(client::elicit_as::<Mode>("m", "?"), Err(client::Error::Unsupported("elicitation".to_owned())));
    testing::set_answer("m", &json!({ "action": "accept", "content": "fast" }));
    assert_eq!(client::elicit_as::<Mode>("m", "?"), Ok(client::Answer::Accept(Mode::Fast)));
    testing::set_answer("m", &json!({ "action": "accept", "content": "slow" }));
    assert!(matches!(client::elicit_as::<Mode>("m", "?"), Err(client::Error::InvalidResponse(_))));
    testing::set_answer("m", &json!({ "action": "decline" }));
    assert_eq!(client::elicit_as::<Mode>("m", "?"), Ok(client::Answer::Decline));
}

#[test]
fn a_value_is_made_once_and_kept() -> Result<()> {
    let mut made = 0;
    for _ in 0..2 {
        let value = cache::get_or_set("answer", None, || {
            made += 1;
            Ok(42)
        })?;
        assert_eq!(value, 42);
    }
    assert_eq!(made, 1);
    Ok(())
}
