//! `multipart/form-data` (RFC 7578).

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The name of the file, if it is one.
    pub file: Option<String>,
    /// Its media type, if it is not plain text.
    pub media_type: Option<&'static str>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The header `content-type` and the body of a form. The same parts make the same bytes.
#[must_use]
pub fn multipart(parts: &[Part]) -> (String, Vec<u8>) {
    let boundary = boundary(parts);
    let mut body = Vec::with_capacity(parts.iter().map(|part| part.bytes.len() + 256).sum());
    for part in parts {
        let mut head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"", quoted(&part.name));
        if let Some(file) = &part.file {
            head.push_str(&format!("; filename=\"{}\"", quoted(file)));
        }
        if let Some(media_type) = part.media_type {
            head.push_str(&format!("\r\ncontent-type: {media_type}"));
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&part.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A boundary that no part has: whoever writes a file cannot end its part.
fn boundary(parts: &[Part]) -> String {
    let mut number = 0_u64;
    loop {
        let boundary = format!("tandem-form-boundary-{number:016x}");
        let has = |bytes: &[u8]| bytes.windows(boundary.len()).any(|window| window == boundary.as_bytes());
        if !parts.iter().any(|part| has(&part.bytes)) {
            return boundary;
        }
        number += 1;
    }
}

/// A name within quotes, as browsers write it (HTML, "multipart/form-data encoding algorithm").
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_ends_by_what_is_in_it() {
        let part = |name: &str, bytes: &str| Part {
            name: name.to_owned(),
            file: Some("a\"\r\nb".to_owned()),
            media_type: Some("application/octet-stream"),
            bytes: bytes.as_bytes().to_vec(),
        };
        let (header, body) = multipart(&[part("x", "--tandem-form-boundary-0000000000000000--\r\n")]);
        assert_eq!(header, "multipart/form-data; boundary=tandem-form-boundary-0000000000000001");
        let body = String::from_utf8(body).unwrap();
        let expected = "--tandem-form-boundary-0000000000000001\r\ncontent-disposition: form-data; name=\"x\"; \
                        filename=\"a%22%0D%0Ab\"\r\ncontent-type: application/octet-stream\r\n\r\n\
                        --tandem-form-boundary-0000000000000000--\r\n\r\n--tandem-form-boundary-0000000000000001--\r\n";
        assert_eq!(body, expected);
    }
}
