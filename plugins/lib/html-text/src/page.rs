//! A parsed page.

use std::fmt;

use scraper::{ElementRef, Html, Selector};

use crate::limits::PageError;
use crate::parse::{Syntax, parse};

/// Makes an address of a page's link absolute; none if it is not a valid one.
type Resolve = Box<dyn Fn(&str) -> Option<String>>;

/// A page.
pub struct Page {
    /// Its tree.
    pub html: Html,
    resolve: Option<Resolve>,
}

impl Page {
    /// Parses a page.
    ///
    /// # Errors
    /// When it is beyond a bound.
    pub fn parse(text: &str, syntax: Syntax) -> Result<Self, PageError> {
        Ok(Self { html: parse(text, syntax)?, resolve: None })
    }

    /// With links that `resolve` makes absolute; without it they stay as they are written.
    #[must_use]
    pub fn with_links(mut self, resolve: impl Fn(&str) -> Option<String> + 'static) -> Self {
        self.resolve = Some(Box::new(resolve));
        self
    }

    /// The first element that a selector finds; none if it is not a valid one.
    #[must_use]
    pub fn first(&self, css: &str) -> Option<ElementRef<'_>> {
        let selector = Selector::parse(css).ok()?;
        self.html.select(&selector).next()
    }

    /// The address of a link; what is not a valid one stays as it is.
    #[must_use]
    pub fn resolve(&self, href: &str) -> String {
        let absolute = self.resolve.as_ref().and_then(|resolve| resolve(href));
        absolute.unwrap_or_else(|| href.to_owned())
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}
