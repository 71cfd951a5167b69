//! The tools of {{name}}.

use tandem_sdk::prelude::*;

/// What a text is made of.
#[output]
struct Count {
    /// How many words it has.
    words: usize,
    /// How many letters and digits it has.
    letters: usize,
    /// The longest word.
    longest: String,
}

/// How many texts there are by now.
#[output]
struct Remembered {
    /// Texts that were remembered, these included.
    total: u64,
}

struct Texts;

#[tools]
impl Texts {
    /// Counts the words and letters of a text.
    #[tool(name = "{{tool}}_count", read_only, idempotent)]
    fn count(
        /// The text.
        #[arg(max_length = 100_000)]
        text: &str,
    ) -> Result<Count> {
        let words: Vec<&str> = text.split_whitespace().collect();
        // The first of several, as a reader would point at it.
        let longest = words.iter().rev().max_by_key(|word| word.chars().count());
        let longest = longest.ok_or_else(|| Error::invalid_arguments("the text has no words"))?;
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
        Ok(Count { words: words.len(), letters, longest: (*longest).to_owned() })
    }

    /// Remembers texts, and tells how many there are by now.
    #[tool(name = "{{tool}}_remember")]
    fn remember(
        ctx: &Ctx,
        /// What to remember.
        texts: &[String],
    ) -> Result<Remembered> {
        let mut total = kv::get_json::<u64>("total")?.unwrap_or(0);
        for (done, text) in texts.iter().enumerate() {
            ctx.check()?;
            total += 1;
            kv::set(&format!("text/{total}"), text.as_bytes())?;
            ctx.progress((done + 1) as f64, Some(texts.len() as f64), text);
        }
        kv::set_json("total", &total)?;
        Ok(Remembered { total })
    }
}

tandem_sdk::export!(Texts);

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing::Harness;

    #[test]
    fn texts_are_counted_and_remembered() -> Result<()> {
        let texts = Harness::<Texts>::new().kv("total", "5");
        let counted = texts.value("{{tool}}_count", json!({ "text": "to weigh every word" }))?;
        assert_eq!(counted, json!({ "words": 4, "letters": 16, "longest": "weigh" }));
        assert_eq!(texts.value("{{tool}}_remember", json!({ "texts": ["one", "two"] }))?, json!({ "total": 7 }));
        Ok(())
    }
}
