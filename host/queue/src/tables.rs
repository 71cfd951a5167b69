//! The tables of the embedded backend.

use crate::{outbox, sqlite};

/// The tables of tasks, workflows and outcomes in the host's database ([`tandem_store::Store::open_with`]).
pub const TABLES: tandem_store::Tables =
    tandem_store::Tables { schemas: &[sqlite::SCHEMA, outbox::SCHEMA], columns: &sqlite::COLUMNS };
