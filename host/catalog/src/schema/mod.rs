//! Checks of values against a tool's schema, within a budget.
//!
//! **Promises.** A check ends after a number of steps that the caller chooses, whatever schema and value are: both are strangers'
//! input. What does not fit is named by place and reason; of the alternatives of each `anyOf` on the way only in the one that was
//! meant, since there are exponentially many.
//!
//! **Bounds.** [`Effort`]; violations of one answer, and bytes of each.
//!
//! **Refuses.** Schemas that reach for network or files, or that stand below another `$id` than the root's.

mod check;
mod choices;
mod effort;
mod expected;
mod instrument;
mod limits;
mod parts;
mod steps;
mod text;

pub use self::{
    check::{Schema, UnusableSchema},
    effort::{Effort, Unfit, Violations},
};

#[cfg(test)]
mod narrowing_tests;
#[cfg(test)]
mod tests;
