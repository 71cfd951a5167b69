//! What a capability that stays inside the host has to be.

use tandem_document::Findings;

use crate::{grant::Party, plugin::Switch};

/// A capability that is had when it is requested, until an operator or a tenant refuses or narrows it.
pub trait InternalCapability: 'static {
    /// The word for it in manifests and grants.
    const NAME: &'static str;
    /// The WIT interface that it is for, without the version.
    const INTERFACE: &'static str;
    /// What a manifest asks for.
    type Request;
    /// What narrows it.
    type Bounds: Copy + Default;
    /// What an operator writes.
    type Grant: GrantForm<Self::Bounds> + Copy;
    /// What is left.
    type Granted;

    /// Why the author needs it.
    fn reason(request: &Self::Request) -> Option<&String>;

    /// The request in words.
    fn describe(request: &Self::Request) -> String;

    /// Reports what is wrong with a request.
    fn check_request(request: &Self::Request, findings: &mut Findings);

    /// Reports what is wrong with bounds.
    fn check_bounds(bounds: Self::Bounds, findings: &mut Findings);

    /// What is left of a request, within the bounds of operator and tenant.
    fn meet(request: &Self::Request, bounds: [Option<Self::Bounds>; 2]) -> Met<Self::Granted>;
}

/// What is left of a request.
#[derive(Debug)]
pub struct Met<T> {
    /// The capability.
    pub granted: T,
    /// The same in words.
    pub text: String,
    /// Why it is not all of the request; none where it is.
    pub narrowed: Option<String>,
}

/// How a grant is written: off, or on with bounds.
pub trait GrantForm<B> {
    /// It is refused.
    fn off() -> Self;
    /// It is granted within bounds.
    fn on(bounds: B) -> Self;
    /// The bounds; none where it is refused.
    fn bounds(self) -> Option<B>;
}

impl<B> GrantForm<B> for Switch<B> {
    fn off() -> Self {
        Self::Off
    }

    fn on(bounds: B) -> Self {
        Self::On(bounds)
    }

    fn bounds(self) -> Option<B> {
        match self {
            Self::Off => None,
            Self::On(bounds) => Some(bounds),
        }
    }
}

impl GrantForm<()> for bool {
    fn off() -> Self {
        false
    }

    fn on((): ()) -> Self {
        true
    }

    fn bounds(self) -> Option<()> {
        self.then_some(())
    }
}

/// The least of what is wanted and the bounds, and whose bound that is.
pub(super) fn least<T: Copy + Ord>(wanted: T, [operator, tenant]: [Option<T>; 2]) -> (T, Option<Party>) {
    let operator = operator.filter(|bound| *bound < wanted);
    match tenant.filter(|bound| *bound < operator.unwrap_or(wanted)) {
        Some(bound) => (bound, Some(Party::Tenant)),
        None => (operator.unwrap_or(wanted), operator.map(|_| Party::Operator)),
    }
}
