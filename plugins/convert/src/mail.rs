//! Mails as Markdown or text.

use mail_parser::{Address, MessageParser, PartType};
use tandem_html_text::Syntax;
use tandem_sdk::prelude::*;

use crate::html;
use crate::limits::{MAX_MAIL_HEADER_BYTES, MAX_MAIL_MARKS, MAX_MAIL_PARTS};

fn people(address: Option<&Address<'_>>) -> String {
    let each = address.into_iter().flat_map(Address::iter);
    let shown = each.map(|person| match (person.name(), person.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => address.or(name).unwrap_or_default().to_owned(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Whether a line begins as a header does: a name, then a colon.
fn is_header(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    name.len() < line.len()
        && !name.is_empty()
        && name.trim_ascii().iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// Refuses a mail in which so many headers or parts may begin that parsing it would take too much memory. Every header has
/// a colon in its line, every part of a list a line with `--`, and every mail within another a `Content-Type` of its own.
fn check_marks(path: &str, bytes: &[u8]) -> Result<()> {
    const KIND: &[u8] = b"content-type";
    let (mut marks, mut kinds, mut headers, mut in_header) = (0usize, 0usize, 0usize, false);
    for line in bytes.split(|byte| *byte == b'\n') {
        let start = line.trim_ascii_start();
        kinds += usize::from(start.get(..KIND.len()).is_some_and(|name| name.eq_ignore_ascii_case(KIND)));
        let folded = in_header && line.first().is_some_and(|first| matches!(first, b' ' | b'\t'));
        in_header = folded || is_header(start);
        headers += if in_header { line.len() } else { 0 };
        marks += usize::from(line.contains(&b':') || line.windows(2).any(|pair| pair == b"--"));
    }
    if kinds > MAX_MAIL_PARTS {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` has {kinds} parts; at most {MAX_MAIL_PARTS} are read"
        )));
    }
    if headers > MAX_MAIL_HEADER_BYTES {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` has {headers} bytes in lines of headers; at most {MAX_MAIL_HEADER_BYTES} are read"
        )));
    }
    if marks > MAX_MAIL_MARKS {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` has {marks} lines with `:` or `--`, where headers and parts begin; at most {MAX_MAIL_MARKS} are read"
        )));
    }
    Ok(())
}

/// The main headers, the text and the names of attachments.
pub(crate) fn eml(path: &str, bytes: &[u8], markdown: bool) -> Result<String> {
    check_marks(path, bytes)?;
    let mail = MessageParser::default().parse(bytes).filter(|mail| !mail.headers().is_empty());
    let mail = mail.ok_or_else(|| Error::invalid_arguments(format!("path: `{path}` is not a mail: no headers")))?;
    if mail.parts.len() > MAX_MAIL_PARTS {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` has {} parts; at most {MAX_MAIL_PARTS} are read",
            mail.parts.len()
        )));
    }
    let text = match mail.text_part(0).map(|part| &part.body) {
        Some(PartType::Html(html)) => html::render(&format!("`{path}`"), html, Syntax::Html, markdown)?,
        _ => mail.body_text(0).unwrap_or_default().into_owned(),
    };
    let subject = mail.subject().unwrap_or_default();
    let mut out = if markdown { format!("# {subject}\n\n") } else { format!("Subject: {subject}\n") };
    let date = mail.date().map(|date| date.to_rfc3339()).unwrap_or_default();
    for (name, value) in
        [("From", people(mail.from())), ("To", people(mail.to())), ("Cc", people(mail.cc())), ("Date", date)]
    {
        if !value.is_empty() {
            out.push_str(&if markdown { format!("- {name}: {value}\n") } else { format!("{name}: {value}\n") });
        }
    }
    for attachment in mail.attachments() {
        let name = mail_parser::MimeHeaders::attachment_name(attachment).unwrap_or("unnamed");
        out.push_str(&format!("{}Attachment: {name}, {} bytes\n", if markdown { "- " } else { "" }, attachment.len()));
    }
    out.push('\n');
    out.push_str(text.trim_end());
    out.push('\n');
    Ok(out)
}
