//! A well-behaved plugin: it answers what it was given.

use std::thread;
use std::time::Duration;

use tandem_sdk::prelude::*;

/// A sum.
#[data]
#[derive(Debug, PartialEq)]
struct Sum {
    /// The sum itself.
    sum: f64,
}

/// Who asked.
#[output]
struct Who {
    /// The tenant.
    tenant: String,
    /// The subject.
    subject: String,
    /// The scopes.
    scopes: Vec<String>,
    /// The call's id.
    call: String,
}

#[derive(Debug)]
struct Echo;

#[tools]
impl Echo {
    /// Answers the text.
    #[tool(read_only, idempotent)]
    fn echo(
        /// What to answer.
        text: String,
    ) -> String {
        text
    }

    /// Adds two numbers.
    #[tool(read_only, idempotent, title = "Add")]
    fn add(
        /// The first number.
        a: f64,
        /// The second number.
        b: f64,
    ) -> Sum {
        Sum { sum: a + b }
    }

    /// Sleeps, and answers how long.
    #[tool(read_only)]
    fn sleep_ms(
        /// Milliseconds.
        #[arg(max = 600_000)]
        ms: u32,
    ) -> String {
        thread::sleep(Duration::from_millis(ms.into()));
        format!("slept {ms} ms")
    }

    /// Answers who asked.
    #[tool(read_only)]
    fn who_am_i(ctx: &Ctx) -> Who {
        let principal = ctx.principal();
        Who { tenant: principal.tenant, subject: principal.subject, scopes: principal.scopes, call: ctx.id() }
    }

    /// Does nothing.
    #[tool(read_only, idempotent)]
    fn nop() {}
}

tandem_sdk::export!(Echo);

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing;

    #[test]
    fn answers_what_it_was_given() -> Result<()> {
        let output = testing::call::<Echo>("echo", &json!({ "text": "hello" }))?;
        assert_eq!(output.first_text(), Some("hello"));
        let output = testing::call::<Echo>("add", &json!({ "a": 1.5, "b": 2 }))?;
        assert_eq!(output.value(), json!({ "sum": 3.5 }));
        assert_eq!(testing::call::<Echo>("nop", &json!({}))?, ToolOutput::empty());
        Ok(())
    }

    #[test]
    fn schemas_say_what_the_functions_take_and_give() {
        assert_eq!(
            testing::input_schema::<Echo>("add"),
            json!({
                "type": "object",
                "properties": {
                    "a": { "type": "number", "description": "The first number." },
                    "b": { "type": "number", "description": "The second number." },
                },
                "required": ["a", "b"],
                "additionalProperties": false,
            })
        );
        assert_eq!(
            testing::output_schema::<Echo>("add"),
            json!({
                "type": "object",
                "description": "A sum.",
                "properties": { "sum": { "type": "number", "description": "The sum itself." } },
                "required": ["sum"],
            })
        );
    }
}
