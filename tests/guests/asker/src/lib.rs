//! A plugin that asks the client, and waits: for one answer, for several, or without end.

use client::{Answer, Question};
use tandem_sdk::prelude::*;

/// A person.
#[input]
struct Person {
    /// How they are called.
    name: String,
    /// How old they are.
    age: Option<u8>,
}

#[derive(Debug)]
struct Asker;

#[tools]
impl Asker {
    /// Asks who the person is.
    #[tool(read_only)]
    fn ask_person() -> Result<String> {
        Ok(match client::elicit_as::<Person>("person", "Who are you?")? {
            Answer::Accept(Person { name, age: Some(age) }) => format!("{name}, {age}"),
            Answer::Accept(Person { name, age: None }) => name,
            Answer::Decline => "declined".to_owned(),
            Answer::Cancel => "cancelled".to_owned(),
        })
    }

    /// Asks the model.
    #[tool(read_only)]
    fn ask_model(prompt: &str) -> Result<String> {
        Ok(client::sample_text("answer", prompt, 100)?)
    }

    /// Asks for the roots of the workspace.
    #[tool(read_only)]
    fn ask_roots() -> Result<Value> {
        Ok(client::roots("roots")?)
    }

    /// Asks many questions at once.
    #[tool(read_only)]
    fn ask_many(questions: u32) -> Result<usize> {
        let schema = json!({ "type": "object", "properties": { "ok": { "type": "boolean" } } });
        let questions = (0..questions).map(|n| Question::elicit(format!("q{n}"), "Yes?", &schema));
        Ok(client::request(questions)?.len())
    }

    /// Asks again and again, without end.
    #[tool(read_only)]
    fn ask_endlessly() -> Result<()> {
        let schema = json!({ "type": "object", "properties": { "ok": { "type": "boolean" } } });
        for n in 0_u64.. {
            client::elicit(&format!("q{n}"), "Yes?", &schema)?;
        }
        Ok(())
    }

    /// Asks two questions under one key.
    #[tool(read_only)]
    fn ask_same_key() -> Result<usize> {
        Ok(client::request([Question::roots("roots"), Question::roots("roots")])?.len())
    }

    /// Tells what the client can be asked.
    #[tool(read_only)]
    fn ask_capabilities() -> Result<Vec<&'static str>> {
        let can = client::capabilities();
        let all = [("elicitation", can.elicitation), ("sampling", can.sampling), ("roots", can.roots)];
        Ok(all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect())
    }
}

tandem_sdk::export!(Asker);
