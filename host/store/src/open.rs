//! Opening a store: its own tables and those of others in one database.

use std::{path::Path, sync::Arc};

use crate::{
    audit::{self, AuditLog, AuditRetention},
    error::StoreError,
    grants, installed, key_value, keys, peers,
    room::Room,
    store::Store,
    tables::Tables,
    usage,
    worker::{self, Worker},
};

/// The store's own.
const TABLES: Tables = Tables {
    schemas: &[
        key_value::SCHEMA,
        audit::SCHEMA,
        installed::SCHEMA,
        grants::SCHEMA,
        keys::SCHEMA,
        peers::SCHEMA,
        usage::SCHEMA,
    ],
    columns: &[audit::ADDED],
};

impl Store {
    /// Opens the database file, making it (and its parent directory) when it is not there. Several processes may
    /// have it open: each write is a transaction of its own.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, &[])
    }

    /// The same, with the tables of others in it.
    pub fn open_with(path: &Path, others: &[Tables]) -> Result<Self, StoreError> {
        let worker = Arc::new(Worker::start(path, [&TABLES].into_iter().chain(others))?);
        let log = Arc::new(AuditLog::open(path).map_err(worker::io)?);
        Ok(Self { worker, log, room: Arc::new(Room::new(path)), retention: AuditRetention::default() })
    }
}
