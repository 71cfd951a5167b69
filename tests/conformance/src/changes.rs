//! Tools that change what the plugin offers.

use events::EntryKind;
use tandem_sdk::prelude::*;

#[derive(Debug)]
pub(crate) struct Changes;

#[tools]
impl Changes {
    /// Shows or hides `test_dynamic_tool`, in turn.
    #[tool]
    fn test_trigger_tool_change() -> Result<&'static str> {
        toggle(EntryKind::Tool, "test_dynamic_tool")
    }

    /// Shows or hides `test_dynamic_prompt`, in turn.
    #[tool]
    fn test_trigger_prompt_change() -> Result<&'static str> {
        toggle(EntryKind::Prompt, "test_dynamic_prompt")
    }

    /// Comes and goes.
    #[tool(read_only, idempotent)]
    fn test_dynamic_tool() -> &'static str {
        "here"
    }

    /// Comes and goes.
    #[prompt]
    fn test_dynamic_prompt() -> &'static str {
        "Here."
    }

    /// Tells the subscribers of `test://watched-resource` that it changed.
    #[tool]
    fn test_trigger_resource_update() -> Result<&'static str> {
        events::resource_updated("test://watched-resource")?;
        Ok("updated")
    }
}

/// Hides what is shown and shows what is hidden. Each call gets a fresh instance: the cache remembers.
fn toggle(kind: EntryKind, name: &str) -> Result<&'static str> {
    if cache::get(name)?.is_some() {
        events::show(kind, name)?;
        cache::delete(name)?;
        Ok("shown")
    } else {
        events::hide(kind, name)?;
        cache::set(name, b"hidden", None)?;
        Ok("hidden")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing;

    #[test]
    fn an_entry_is_hidden_and_shown_in_turn() -> Result<()> {
        for expected in ["hidden", "shown", "hidden"] {
            let output = testing::call::<Changes>("test_trigger_tool_change", &json!({}))?;
            assert_eq!(output.first_text(), Some(expected));
        }
        Ok(())
    }
}
