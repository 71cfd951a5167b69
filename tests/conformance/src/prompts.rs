//! The prompts.

use tandem_sdk::prelude::*;

use crate::PIXEL;

/// What the completion of `arg1` knows.
const WORDS: [&str; 6] = ["paris", "park", "party", "test", "testValue1", "tester"];

#[derive(Debug)]
pub(crate) struct Prompts;

#[tools]
impl Prompts {
    /// A prompt without arguments.
    #[prompt(title = "Simple prompt")]
    fn test_simple_prompt() -> &'static str {
        "This is a simple prompt for testing."
    }

    /// A prompt with two arguments.
    #[prompt(title = "Prompt with arguments")]
    fn test_prompt_with_arguments(
        /// First test argument
        arg1: String,
        /// Second test argument
        arg2: String,
    ) -> String {
        format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
    }

    /// A prompt that embeds a resource.
    #[prompt(title = "Prompt with embedded resource")]
    fn test_prompt_with_embedded_resource(
        /// URI of the resource to embed
        #[arg(name = "resourceUri")]
        resource_uri: String,
    ) -> Vec<PromptMessage> {
        let text = "Embedded resource content for testing.";
        vec![
            PromptMessage::user(Content::embedded(ResourceContents::text(resource_uri, "text/plain", text))),
            PromptMessage::user("Please process the embedded resource above."),
        ]
    }

    /// A prompt with a picture.
    #[prompt(title = "Prompt with picture")]
    fn test_prompt_with_image() -> Vec<PromptMessage> {
        vec![
            PromptMessage::user(Content::image(PIXEL, "image/png")),
            PromptMessage::user("Please analyze the image above."),
        ]
    }

    /// Words that `arg1` could become.
    #[complete(prompt = "test_prompt_with_arguments", argument = "arg1")]
    fn arg1(value: &str) -> Vec<&'static str> {
        WORDS.into_iter().filter(|word| word.starts_with(value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::{CompletionReference, Plugin as _, testing};

    #[test]
    fn arguments_are_filled_in() -> Result<()> {
        let prompt = testing::prompt::<Prompts>("test_prompt_with_arguments", &[("arg1", "a"), ("arg2", "b")])?;
        assert_eq!(prompt.messages, [PromptMessage::user("Prompt with arguments: arg1='a', arg2='b'")]);
        Ok(())
    }

    #[test]
    fn a_missing_argument_is_named() {
        let error = testing::prompt::<Prompts>("test_prompt_with_arguments", &[("arg1", "a")]).unwrap_err();
        assert_eq!(error, Error::invalid_arguments("the argument `arg2` is missing"));
    }

    #[test]
    fn an_argument_is_completed_by_what_was_typed() -> Result<()> {
        let reference = CompletionReference::Prompt("test_prompt_with_arguments".to_owned());
        let settled = Default::default();
        let completion = Prompts::complete(&testing::ctx(), &reference, "arg1", "par", &settled);
        assert_eq!(
            completion.transpose()?.map(|c| c.values),
            Some(vec!["paris".into(), "park".into(), "party".into()])
        );
        assert!(Prompts::complete(&testing::ctx(), &reference, "arg2", "par", &settled).is_none());
        Ok(())
    }
}
