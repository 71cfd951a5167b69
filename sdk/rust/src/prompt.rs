//! What prompt and completion functions answer.

use std::fmt::Display;
use std::str::FromStr;

use crate::bindings::tandem::plugin::types::{Completion, Content, PromptMessage, PromptOutput, Role};
use crate::error::{Error, Result};
use crate::plugin::Arguments;

/// Candidates that a completion carries at most.
const MAX_COMPLETIONS: usize = 100;

impl PromptMessage {
    /// What the person says.
    pub fn user(content: impl Into<Content>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model says.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Results of a `#[prompt]` function: text of the person, one message, several, or a whole prompt.
pub trait IntoPrompt {
    /// The prompt, filled in.
    fn into_prompt(self, description: &str) -> PromptOutput;
}

impl IntoPrompt for PromptOutput {
    fn into_prompt(self, _description: &str) -> PromptOutput {
        self
    }
}

impl IntoPrompt for Vec<PromptMessage> {
    fn into_prompt(self, description: &str) -> PromptOutput {
        PromptOutput { description: Some(description.to_owned()), messages: self }
    }
}

impl IntoPrompt for PromptMessage {
    fn into_prompt(self, description: &str) -> PromptOutput {
        vec![self].into_prompt(description)
    }
}

impl IntoPrompt for String {
    fn into_prompt(self, description: &str) -> PromptOutput {
        PromptMessage::user(self).into_prompt(description)
    }
}

impl IntoPrompt for &str {
    fn into_prompt(self, description: &str) -> PromptOutput {
        PromptMessage::user(self).into_prompt(description)
    }
}

/// Results of a `#[complete]` function: candidates, best first. Those over 100 are cut off, and counted.
pub trait IntoCompletion {
    /// The candidates.
    fn into_completion(self) -> Completion;
}

impl IntoCompletion for Completion {
    fn into_completion(self) -> Completion {
        self
    }
}

impl IntoCompletion for Vec<String> {
    fn into_completion(mut self) -> Completion {
        let total = self.len();
        self.truncate(MAX_COMPLETIONS);
        Completion { values: self, total: u32::try_from(total).ok(), has_more: total > MAX_COMPLETIONS }
    }
}

impl IntoCompletion for Vec<&str> {
    fn into_completion(self) -> Completion {
        self.into_iter().map(str::to_owned).collect::<Vec<String>>().into_completion()
    }
}

/// Refuses an argument that the prompt does not have.
#[doc(hidden)]
pub fn only(arguments: &Arguments, known: &[&str]) -> Result<()> {
    match arguments.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Error::InvalidArguments(format!("there is no argument `{name}`"))),
        None => Ok(()),
    }
}

/// An argument that must be there.
#[doc(hidden)]
pub fn required<T: FromStr<Err: Display>>(arguments: &Arguments, name: &str) -> Result<T> {
    optional(arguments, name)?.ok_or_else(|| Error::InvalidArguments(format!("the argument `{name}` is missing")))
}

/// An argument that may be there.
#[doc(hidden)]
pub fn optional<T: FromStr<Err: Display>>(arguments: &Arguments, name: &str) -> Result<Option<T>> {
    let read = |text: &String| text.parse().map_err(|e| Error::InvalidArguments(format!("`{name}` = `{text}`: {e}")));
    arguments.get(name).map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_over_the_bound_are_cut_off_and_counted() {
        let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
        let completion = many.into_completion();
        assert_eq!((completion.values.len(), completion.total, completion.has_more), (100, Some(101), true));
        let exactly: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        assert!(!exactly.into_completion().has_more);
    }
}
