//! What an operation needs of the program that runs it.

use tandem_registry::Meter;

use crate::plan::Plan;

/// Talks to whoever runs the operation.
pub trait Dialog {
    /// A transfer begins; it ends when the meter is dropped.
    fn transfer(&self, what: &str) -> Box<dyn Meter>;

    /// Something worth knowing before the question.
    fn note(&self, text: &str);

    /// What would be done, without a question.
    ///
    /// # Errors
    /// It cannot be shown.
    fn show(&self, plan: &Plan) -> anyhow::Result<()>;

    /// Shows what would be installed, and asks. Answers whether to go on.
    ///
    /// # Errors
    /// Nobody can be asked.
    fn confirm(&self, plan: &Plan) -> anyhow::Result<bool>;
}
