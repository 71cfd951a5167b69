//! Looks after links: what answers, with which title. HTTP by grant, answers cached, progress for long lists.

use std::time::Duration;

use tandem_sdk::prelude::*;

/// For how long a title is used again.
const MINUTE: Duration = Duration::from_secs(60);

/// Whether a link answers.
#[data]
#[serde(rename_all = "lowercase")]
enum State {
    Alive,
    Dead,
    /// This host may not be asked.
    Denied,
}

/// What is behind a link.
#[output]
struct Link {
    /// The link.
    url: String,
    /// Whether it answers; `denied` means that this host may not be asked.
    state: State,
    /// The status of the answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// The page's title, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// What stands in a page's `<title>`, in whatever case.
fn title_of(page: &http::Response) -> Option<String> {
    let html = page.text();
    // Of the same length: places in the one are places in the other.
    let lower = html.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let from = tag + lower.get(tag..)?.find('>')? + 1;
    let to = from + lower.get(from..)?.find("</title>")?;
    let title = html.get(from..to)?.trim();
    // The ampersand last: what it makes is no name of another character.
    Some(title.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

fn look(url: &str) -> Link {
    let agent = config::get("user-agent").unwrap_or_else(|| "tandem-links".to_owned());
    let link = |state| Link { url: url.to_owned(), state, status: None, title: None, why: None };
    match http::Request::new("GET", url).header("user-agent", agent).send() {
        Ok(page) => {
            let state = if page.status < 400 { State::Alive } else { State::Dead };
            Link { status: Some(page.status), title: title_of(&page), ..link(state) }
        }
        Err(why @ http::Error::Denied(_)) => Link { why: Some(why.to_string()), ..link(State::Denied) },
        Err(why) => Link { why: Some(why.to_string()), ..link(State::Dead) },
    }
}

struct Links;

#[tools]
impl Links {
    /// Tells which links answer, and what their pages are called.
    #[tool(name = "links_check", read_only, open_world, task)]
    fn check(
        ctx: &Ctx,
        /// The links.
        #[arg(min_length = 1, max_length = 50)]
        urls: &[String],
    ) -> Result<Vec<Link>> {
        let mut links = Vec::new();
        for (done, url) in urls.iter().enumerate() {
            ctx.check()?;
            links.push(look(url));
            ctx.progress((done + 1) as f64, Some(urls.len() as f64), url);
        }
        Ok(links)
    }

    /// Tells the title of a page. Answers from the last minute are used again.
    #[tool(name = "links_title", read_only, idempotent, open_world)]
    fn title(
        /// The page's address.
        url: &str,
    ) -> Result<String> {
        cache::get_or_set(url, Some(MINUTE), || {
            let page = http::get(url)?.ok()?;
            title_of(&page).ok_or_else(|| Error::other(format!("{url} has no title")))
        })
    }
}

tandem_sdk::export!(Links);

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use tandem_sdk::testing::Harness;

    #[test]
    fn titles_are_read_once() -> Result<()> {
        let asked = Rc::new(Cell::new(0));
        let counted = Rc::clone(&asked);
        let links = Harness::<Links>::new().http(move |_| {
            counted.set(counted.get() + 1);
            Ok(http::Response::new(200, "<Title>Bread &amp;amp; butter</TITLE>"))
        });
        for _ in 0..2 {
            assert_eq!(links.text("links_title", json!({ "url": "https://a.example.com/" }))?, "Bread &amp; butter");
        }
        assert_eq!(asked.get(), 1);
        Ok(())
    }

    #[test]
    fn a_host_that_is_not_granted() -> Result<()> {
        let links = Harness::<Links>::new();
        let refused = links.call("links_title", json!({ "url": "https://a.example.com/" }));
        assert!(matches!(refused, Err(Error::Denied(_))));
        let checked = links.value("links_check", json!({ "urls": ["https://a.example.com/"] }))?;
        assert_eq!(checked["result"][0]["state"], "denied");
        Ok(())
    }
}
