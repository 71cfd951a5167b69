//! Tools whose calls become tasks, and one that answers at once. The host makes a task of a call that takes longer than
//! half a second; what is to be one from its first question on takes longer before it asks.

use std::{thread, time::Duration};

use client::Question;
use tandem_sdk::prelude::*;

/// Longer than the host waits with a call.
const LATE: Duration = Duration::from_millis(900);

#[derive(Debug)]
pub(crate) struct Tasks;

/// A form with one switch.
fn form(field: &str) -> Value {
    json!({ "type": "object", "properties": { field: { "type": "boolean" } }, "required": [field] })
}

#[tools]
impl Tasks {
    /// Greets at once.
    #[tool(read_only, idempotent)]
    fn greet(name: &str) -> String {
        format!("Hello, {name}!")
    }

    /// Computes for so many seconds, and stops when it is told to.
    #[tool(read_only, idempotent, task)]
    fn slow_compute(
        ctx: &Ctx,
        #[arg(min = 0.0, max = 600.0)] seconds: f64,
        #[arg(default)] label: String,
    ) -> Result<String> {
        let step = Duration::from_millis(20);
        let mut left = Duration::from_secs_f64(seconds);
        while !left.is_zero() {
            ctx.check()?;
            thread::sleep(left.min(step));
            left = left.saturating_sub(step);
        }
        Ok(format!("computed {label} for {seconds} s"))
    }

    /// Works, and fails.
    #[tool(read_only, task = "required")]
    fn failing_job() -> Result<String> {
        thread::sleep(LATE);
        Err(Error::other("the job failed, as it always does"))
    }

    /// Works, and then needs what this client has not.
    #[tool(read_only, task = "required")]
    fn protocol_error_job() -> Result<String> {
        thread::sleep(LATE);
        Err(Error::MissingCapability("roots".to_owned()))
    }

    /// Deletes nothing, once somebody has said yes.
    #[tool(destructive, task)]
    fn confirm_delete(filename: &str) -> Result<String> {
        thread::sleep(LATE);
        let answer = client::elicit("confirm", &format!("Delete {filename}?"), &form("confirm"))?;
        let yes = answer.accepted().is_some_and(|content| content.get("confirm") == Some(&Value::Bool(true)));
        Ok(format!("{filename} was {}", if yes { "deleted" } else { "kept" }))
    }

    /// Asks two things at once.
    #[tool(read_only, task)]
    fn multi_input() -> Result<String> {
        thread::sleep(LATE);
        let answers = client::request([
            Question::elicit("first", "The first?", &form("confirm")),
            Question::elicit("second", "The second?", &form("confirm")),
        ])?;
        Ok(format!("{} answers", answers.len()))
    }

    /// Asks for a name, and then works for a while.
    #[tool(read_only, task = "required")]
    fn test_tool_with_task() -> Result<String> {
        let form = json!({ "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] });
        let answer = client::elicit("user_name", "What is your name?", &form)?;
        let name = answer.accepted().and_then(|content| content.get("name")?.as_str().map(str::to_owned));
        thread::sleep(LATE);
        Ok(format!("Worked for {}", name.as_deref().unwrap_or("nobody")))
    }
}
