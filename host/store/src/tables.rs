//! The tables of the parts that live in the host's database.

/// Tables of a part that lives in the host's database: made, or brought up to date, when the database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// What makes them: statements that change nothing where a table is there.
    pub schemas: &'static [&'static str],
    /// Columns that tables got after they were published, by table: a database of an older host gets them.
    pub columns: &'static [(&'static str, &'static [&'static str])],
}
