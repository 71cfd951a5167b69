//! A request that was made of arguments.

/// A request without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Pairs of the cookie header, where there are any.
    pub cookies: Vec<String>,
    /// The body, if there is one.
    pub body: Option<PreparedBody>,
}

/// A body.
#[derive(Clone, Debug, PartialEq)]
pub enum PreparedBody {
    /// Bytes of this media type.
    Bytes {
        /// The media type.
        media_type: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The bytes of a file.
    File {
        /// The media type.
        media_type: String,
        /// The file.
        path: String,
    },
    /// Fields of `multipart/form-data`, in order.
    Multipart(Vec<Field>),
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// A text.
    Text {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// Whether it is the JSON of an object.
        is_json: bool,
    },
    /// A file.
    File {
        /// Its name.
        name: String,
        /// The file.
        path: String,
    },
}
