//! The log's tables.

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS audit (
        sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL,
        previous BLOB NOT NULL, hash BLOB NOT NULL, mac BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS audit_head (
        id INTEGER PRIMARY KEY CHECK (id = 0), sequence INTEGER NOT NULL, hash BLOB NOT NULL, mac BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS audit_rotation (id INTEGER PRIMARY KEY CHECK (id = 0), first INTEGER NOT NULL);
    CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;
    CREATE TRIGGER IF NOT EXISTS audit_is_not_deleted BEFORE DELETE ON audit
        WHEN NOT EXISTS (SELECT 1 FROM audit_rotation WHERE OLD.sequence < first)
        BEGIN SELECT RAISE(ABORT, 'audit records are dropped by rotation only'); END;
";

/// What the table of older hosts lacks.
pub(crate) const ADDED: (&str, &[&str]) = ("audit", &["age INTEGER"]);
