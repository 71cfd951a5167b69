//! Notes that stay: a small store over `kv`, with a resource for each note and a prompt that uses them.

use tandem_sdk::prelude::*;

/// What a note looks like.
#[data]
#[derive(Debug, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Color {
    #[default]
    Yellow,
    Green,
    Pink,
}

/// A note.
#[data]
#[derive(Debug, PartialEq)]
struct Note {
    /// Its title; no other note has it.
    #[schemars(length(min = 1, max = 80))]
    title: String,
    /// What it says.
    text: String,
    /// What it looks like.
    #[serde(default)]
    color: Color,
    /// Words to find it by.
    #[serde(default)]
    tags: Vec<String>,
}

/// Titles of notes.
#[output]
struct Titles {
    /// The titles, in the order of the alphabet.
    titles: Vec<String>,
}

fn read(title: &str) -> Result<Note> {
    kv::get_json(&format!("note/{title}"))?.ok_or_else(|| Error::not_found(format!("there is no note `{title}`")))
}

/// All titles, or those that have a tag.
fn titles(tag: Option<&str>) -> Result<Vec<String>> {
    let keys = kv::keys("note/")?;
    let all = keys.iter().filter_map(|key| key.strip_prefix("note/"));
    let mut titles = Vec::new();
    for title in all {
        let wanted = match tag {
            Some(tag) => read(title)?.tags.iter().any(|found| found == tag),
            None => true,
        };
        if wanted {
            titles.push(title.to_owned());
        }
    }
    Ok(titles)
}

struct Notes;

#[tools]
impl Notes {
    /// Keeps a note, in place of the one of that title, if there is one.
    #[tool(name = "notes_put", idempotent)]
    fn put(
        /// The note.
        note: Note,
    ) -> Result<Titles> {
        kv::set_json(&format!("note/{}", note.title), &note)?;
        log::info!("kept {}", note.title);
        Ok(Titles { titles: titles(None)? })
    }

    /// Reads a note.
    #[tool(name = "notes_get", read_only, idempotent)]
    fn get(
        /// Its title.
        title: &str,
    ) -> Result<Note> {
        read(title)
    }

    /// Lists the titles of the notes.
    #[tool(name = "notes_list", read_only, idempotent)]
    fn list(
        /// Only notes that have this tag.
        tag: Option<String>,
    ) -> Result<Titles> {
        Ok(Titles { titles: titles(tag.as_deref())? })
    }

    /// Throws a note away, and tells whether there was one.
    #[tool(name = "notes_delete", destructive, idempotent)]
    fn delete(
        /// Its title.
        title: &str,
    ) -> Result<bool> {
        Ok(kv::delete(&format!("note/{title}"))?)
    }

    /// A note's text.
    #[resource_template(uri = "notes://{title}", mime = "text/plain")]
    fn note(title: String) -> Result<String> {
        Ok(read(&title)?.text)
    }

    /// Asks for a summary of a note.
    #[prompt]
    fn summarize_note(
        /// The note's title.
        title: String,
        /// The language of the summary.
        language: Option<String>,
    ) -> Result<String> {
        let language = language.as_deref().unwrap_or("English");
        Ok(format!("Summarize this note in {language}:\n\n{}", read(&title)?.text))
    }

    #[complete(prompt = "summarize_note", argument = "title")]
    fn beginning(value: &str) -> Result<Vec<String>> {
        Ok(titles(None)?.into_iter().filter(|title| title.starts_with(value)).collect())
    }
}

tandem_sdk::export!(Notes);

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing::Harness;

    #[test]
    fn a_note_is_kept_and_found() -> Result<()> {
        let notes = Harness::<Notes>::new();
        notes.call("notes_put", json!({ "note": { "title": "rain", "text": "It rains.", "tags": ["weather"] } }))?;
        let kept = json!({ "title": "rain", "text": "It rains.", "color": "yellow", "tags": ["weather"] });
        assert_eq!(notes.value("notes_get", json!({ "title": "rain" }))?, kept);
        assert_eq!(notes.value("notes_list", json!({ "tag": "weather" }))?, json!({ "titles": ["rain"] }));
        assert_eq!(notes.value("notes_list", json!({ "tag": "food" }))?, json!({ "titles": [] }));
        let prompt = notes.prompt("summarize_note", &[("title", "rain"), ("language", "French")])?;
        assert!(
            matches!(&prompt.messages[0].content, Content::Text(text) if text.ends_with("in French:\n\nIt rains."))
        );
        Ok(())
    }

    #[test]
    fn a_missing_note_is_not_found() {
        let missing = Harness::<Notes>::new().call("notes_get", json!({ "title": "rain" }));
        assert_eq!(missing, Err(Error::not_found("there is no note `rain`")));
    }
}
