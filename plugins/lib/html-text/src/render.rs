//! Writes elements as they open and close.

use scraper::node::Element;

use crate::page::Page;

/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
    "caption",
];

/// Blocks that follow each other without an empty line.
const TIGHT: &[&str] = &["li", "tr", "dd", "dt", "tbody", "thead", "tfoot"];

/// Spaces and quote marks that a line begins with at most: lists in lists have no end.
const MAX_PREFIX_BYTES: usize = 40;

/// Writes text or Markdown.
pub(crate) struct Writer<'a> {
    page: &'a Page,
    markdown: bool,
    out: String,
    /// Line breaks that are due before the next text.
    breaks: usize,
    /// Whether a space is due before the next text.
    space: bool,
    /// What lines begin with: quotes and the indent of lists.
    prefix: Vec<&'static str>,
    /// The next number of each open list; none for bullets.
    lists: Vec<Option<u32>>,
    preformatted: usize,
    links: Vec<Option<String>>,
    /// Cells of the row so far, and whether the table has had its first row.
    cells: usize,
    header_written: Vec<bool>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(page: &'a Page, markdown: bool) -> Self {
        Self {
            page,
            markdown,
            out: String::new(),
            breaks: 0,
            space: false,
            prefix: Vec::new(),
            lists: Vec::new(),
            preformatted: 0,
            links: Vec::new(),
            cells: 0,
            header_written: Vec::new(),
        }
    }

    /// The text, without space around it.
    pub(crate) fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out
    }

    pub(crate) fn text(&mut self, text: &str) {
        if self.preformatted > 0 {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.breaks += 1;
                }
                if !line.is_empty() {
                    self.put(line);
                }
            }
            return;
        }
        for (number, word) in text.split_whitespace().enumerate() {
            self.space |= number > 0 || text.starts_with(char::is_whitespace);
            self.put(&if self.markdown { escape(word) } else { word.to_owned() });
        }
        self.space |= text.ends_with(char::is_whitespace);
    }

    pub(crate) fn open(&mut self, element: &Element) {
        let name = element.name();
        if BLOCKS.contains(&name) {
            self.block(name);
        }
        match name {
            "br" => self.breaks = self.breaks.max(1),
            "ul" => self.lists.push(None),
            "ol" => self.lists.push(Some(element.attr("start").and_then(|start| start.parse().ok()).unwrap_or(1))),
            "li" => self.item(),
            "pre" => {
                if self.markdown {
                    self.put("```");
                    self.breaks = 1;
                }
                self.preformatted += 1;
            }
            "td" | "th" => self.cell(),
            "table" => self.header_written.push(false),
            _ if self.markdown => self.open_mark(element),
            _ => {}
        }
    }

    pub(crate) fn close(&mut self, element: &Element) {
        let name = element.name();
        match name {
            "ul" | "ol" => drop(self.lists.pop()),
            "li" => drop(self.prefix.pop()),
            "pre" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                if self.markdown {
                    self.breaks = 1;
                    self.put("```");
                }
            }
            "tr" => self.end_row(),
            "table" => drop(self.header_written.pop()),
            _ if self.markdown => self.close_mark(name),
            _ => {}
        }
        if BLOCKS.contains(&name) {
            self.block(name);
        }
    }

    fn open_mark(&mut self, element: &Element) {
        match element.name() {
            name @ ("h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                let level = name.bytes().last().map_or(1, |digit| usize::from(digit.saturating_sub(b'0')));
                self.put(&"#".repeat(level));
                self.space = true;
            }
            "strong" | "b" => self.mark_open("**"),
            "em" | "i" => self.mark_open("*"),
            "code" if self.preformatted == 0 => self.mark_open("`"),
            "blockquote" => self.prefix.push("> "),
            "hr" => self.put("---"),
            "a" => {
                let href =
                    element.attr("href").filter(|href| !href.starts_with('#') && !href.starts_with("javascript:"));
                let target = href.map(|href| self.page.resolve(href));
                if target.is_some() {
                    self.mark_open("[");
                }
                self.links.push(target);
            }
            "img" => {
                if let Some(source) = element.attr("src").filter(|source| !source.starts_with("data:")) {
                    let alt = escape(element.attr("alt").unwrap_or_default().trim());
                    self.put(&format!("![{alt}]({})", target(&self.page.resolve(source))));
                }
            }
            _ => {}
        }
    }

    fn close_mark(&mut self, name: &str) {
        match name {
            "strong" | "b" => self.mark_close("**"),
            "em" | "i" => self.mark_close("*"),
            "code" if self.preformatted == 0 => self.mark_close("`"),
            "blockquote" => drop(self.prefix.pop()),
            "a" => {
                if let Some(Some(link)) = self.links.pop() {
                    self.mark_close(&format!("]({})", target(&link)));
                }
            }
            _ => {}
        }
    }

    /// Marks stand beside the text that they mark, and the spaces outside.
    fn mark_open(&mut self, mark: &str) {
        self.put(mark);
    }

    fn mark_close(&mut self, mark: &str) {
        let (breaks, space) = (self.breaks, self.space);
        (self.breaks, self.space) = (0, false);
        self.put(mark);
        (self.breaks, self.space) = (breaks, space);
    }

    fn item(&mut self) {
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        };
        self.put(&marker);
        self.prefix.push("  ");
    }

    fn cell(&mut self) {
        self.cells += 1;
        match (self.markdown, self.cells) {
            (true, 1) => self.put("| "),
            (true, _) => {
                self.space = true;
                self.put("| ");
            }
            (false, 1) => {}
            (false, _) => self.put("\t"),
        }
        self.space = false;
    }

    fn end_row(&mut self) {
        if self.markdown && self.cells > 0 {
            (self.breaks, self.space) = (0, true);
            self.put("|");
            if let Some(written) = self.header_written.last_mut()
                && !std::mem::replace(written, true)
            {
                self.breaks = 1;
                self.put(&format!("|{}", " --- |".repeat(self.cells.min(1000))));
            }
        }
        self.cells = 0;
    }

    fn block(&mut self, name: &str) {
        self.space = false;
        // A row of a table is one line.
        if self.cells > 0 && name != "tr" {
            self.space = true;
            return;
        }
        let tight =
            TIGHT.contains(&name) || (matches!(name, "ul" | "ol") && self.lists.len() > 1) || self.after_marker();
        self.breaks = self.breaks.max(if tight { 1 } else { 2 });
    }

    /// Whether the marker of a list item was just written.
    fn after_marker(&self) -> bool {
        self.out.ends_with("- ") || self.out.ends_with(". ")
    }

    fn put(&mut self, text: &str) {
        if self.out.is_empty() {
            (self.breaks, self.space) = (0, false);
        }
        if self.breaks > 0 && self.preformatted == 0 && self.after_marker() {
            self.breaks = 0;
            self.space = false;
        }
        if self.breaks > 0 {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            let prefix: String = self.prefix.concat();
            let prefix = prefix.get(..MAX_PREFIX_BYTES).unwrap_or(&prefix);
            for number in 1..=self.breaks {
                self.out.push('\n');
                self.out.push_str(if number == self.breaks { prefix } else { prefix.trim_end() });
            }
        } else if self.space && !self.out.ends_with([' ', '\n', '[']) {
            self.out.push(' ');
        }
        (self.breaks, self.space) = (0, false);
        self.out.push_str(text);
    }
}

/// Text that Markdown would take for marks.
fn escape(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for character in word.chars() {
        if matches!(character, '\\' | '`' | '*' | '[' | ']' | '|' | '<') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A URL in brackets.
fn target(url: &str) -> String {
    url.replace(' ', "%20").replace('(', "%28").replace(')', "%29").replace(['\n', '\r'], "")
}
