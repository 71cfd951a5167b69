//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::{
    assemble::{self, Assembled, Part},
    create::{self, Created, Paper},
    faces::Family,
    fault::refusal,
    info::{self, Info},
    markup::Form,
    meter::Meter,
    outline::{self, Outline},
    reading::{self, Text},
    search::{self, Matches},
};

/// The category.
#[derive(Debug)]
pub struct Pdf;

#[tools]
impl Pdf {
    /// Extracts the text of a PDF file, page by page, as plain text, with its layout (tables), or as Markdown. Scanned pages
    /// without text are empty: no text recognition (OCR) is done. To look for something in a long document use `pdf_search`.
    #[tool(read_only, idempotent, title = "Read the text of a PDF")]
    fn pdf_text(
        ctx: &Ctx,
        /// The PDF file in a granted folder, as `data/report.pdf`.
        path: &str,
        /// The pages, from 1, as `1-3,7`, `5-` or `last`; all if not given.
        pages: Option<String>,
        /// `text` in the order of the file, `layout` with columns kept apart by spaces (tables, forms), or `markdown` with headings,
        /// lists and joined paragraphs.
        #[arg(default)]
        format: Form,
        /// How many characters of text to return, 1 to 200000; the rest follows with `cursor`.
        #[arg(default = 20000, min = 1, max = 200000)]
        max_length: u32,
        /// The `next_cursor` of the answer before.
        cursor: Option<String>,
        /// The password of an encrypted file.
        password: Option<String>,
    ) -> Result<Text> {
        let request = reading::Request {
            path,
            pages: pages.as_deref(),
            format,
            max_length,
            cursor: cursor.as_deref(),
            password: password.as_deref(),
        };
        reading::read(&request, &Meter::new(ctx)).map_err(refusal)
    }

    /// Tells what a PDF file is: number of pages, page sizes, title, author and other metadata, version, and whether it is
    /// encrypted, has bookmarks or form fields, or is damaged. For the text use `pdf_text`.
    #[tool(read_only, idempotent, title = "Information about a PDF")]
    fn pdf_info(
        /// The PDF file in a granted folder, as `data/report.pdf`.
        path: &str,
        /// The password of an encrypted file.
        password: Option<String>,
    ) -> Result<Info> {
        info::info(path, password.as_deref()).map_err(refusal)
    }

    /// Lists the bookmarks (outline, table of contents) of a PDF file: titles with their level and the page that each leads to. To
    /// read a chapter, give its pages to `pdf_text`. A document without bookmarks gives an empty list.
    #[tool(read_only, idempotent, title = "List the bookmarks of a PDF")]
    fn pdf_outline(
        /// The PDF file in a granted folder, as `data/report.pdf`.
        path: &str,
        /// How many bookmarks to return, 1 to 1000.
        #[arg(default = 200, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the answer before.
        cursor: Option<String>,
        /// The password of an encrypted file.
        password: Option<String>,
    ) -> Result<Outline> {
        outline::outline(path, password.as_deref(), limit, cursor.as_deref()).map_err(refusal)
    }

    /// Searches the text of a PDF file for a word or phrase, and returns the page of each match with the text around it. A phrase
    /// is also found across lines. Scanned pages without text are counted and not searched. To read a page use `pdf_text`.
    #[tool(read_only, idempotent, title = "Search in a PDF")]
    fn pdf_search(
        ctx: &Ctx,
        /// The PDF file in a granted folder, as `data/report.pdf`.
        path: &str,
        /// The word or phrase, as it is (no regular expression), as `annual report`; 1 to 500 characters.
        query: &str,
        /// Only these pages, from 1, as `1-3,7`, `5-` or `last`; all if not given.
        pages: Option<String>,
        /// Whether upper and lower case differ.
        #[arg(default)]
        match_case: bool,
        /// Whether the match begins and ends at the limits of a word: `ship` is then not found in `shipping`.
        #[arg(default)]
        whole_words: bool,
        /// Characters before and after a match in its snippet, 0 to 500.
        #[arg(default = 80, max = 500)]
        context: u32,
        /// How many matches to return, 1 to 200.
        #[arg(default = 20, min = 1, max = 200)]
        limit: u32,
        /// The `next_cursor` of the answer before.
        cursor: Option<String>,
        /// The password of an encrypted file.
        password: Option<String>,
    ) -> Result<Matches> {
        let request = search::Request {
            path,
            query,
            pages: pages.as_deref(),
            match_case,
            whole_words,
            context,
            limit,
            cursor: cursor.as_deref(),
            password: password.as_deref(),
        };
        search::search(&request, &Meter::new(ctx)).map_err(refusal)
    }

    /// Makes a new PDF file of pages of others: extract or split (some pages of one file), merge or combine (several files), reorder,
    /// delete (name the pages to keep) and rotate pages. The sources stay as they are. Bookmarks and form fields are not
    /// carried over; `left_out` names what was lost.
    #[tool(destructive, title = "Merge, split, reorder and rotate PDF pages")]
    fn pdf_pages(
        ctx: &Ctx,
        /// The new PDF file in a granted folder, as `data/part.pdf`.
        to: String,
        /// The files and the pages of each, in the order of the new file, as `[{"path": "data/a.pdf", "pages": "1-3"}, {"path":
        /// "data/b.pdf", "rotate": 90}]`; 1 to 50.
        sources: Vec<Part>,
        /// Whether a file that is there is replaced.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Assembled> {
        let request = assemble::Request { to, sources, overwrite };
        assemble::assemble(&request, &Meter::new(ctx)).map_err(refusal)
    }

    /// Makes (writes, exports) a PDF file of Markdown text: headings with bookmarks, paragraphs, bold and italic text, links, lists, tables,
    /// quotes and code. It uses the standard fonts, which have the letters of Western Europe. Pictures are not drawn. To put
    /// existing PDF files together use `pdf_pages`.
    #[tool(destructive, title = "Make a PDF of Markdown")]
    fn pdf_create(
        ctx: &Ctx,
        /// The new PDF file in a granted folder, as `data/report.pdf`.
        to: String,
        /// The text, as `# Report\n\nAll is well.`; up to 1 MiB. Give this or `from`.
        markdown: Option<String>,
        /// A Markdown or text file in a granted folder, as `data/report.md`.
        from: Option<String>,
        /// The title in the file's metadata; the first heading if not given.
        title: Option<String>,
        /// The size of the pages.
        #[arg(default)]
        paper: Paper,
        /// `sans` (Helvetica) or `serif` (Times).
        #[arg(default)]
        font: Family,
        /// Whether pages are numbered, where there is more than one.
        #[arg(default = true)]
        page_numbers: bool,
        /// Whether characters that the fonts do not have become `?`; the call fails otherwise and names them.
        #[arg(default)]
        replace_missing: bool,
        /// Whether a file that is there is replaced.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Created> {
        let request =
            create::Request { to, markdown, from, title, paper, font, page_numbers, replace_missing, overwrite };
        create::create(request, &Meter::new(ctx)).map_err(refusal)
    }
}

tandem_sdk::export!(Pdf);
