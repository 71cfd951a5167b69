//! The tables. Few indexes: every transition of a task writes each that it is in.

/// What older hosts did not have: a failure's code, and whether another attempt might have helped; the trace of a submit, and what
/// its caller may call.
pub(crate) const COLUMNS: [(&str, &[&str]); 3] = [
    ("task_results", &["code TEXT", "detail TEXT", "retryable INTEGER"]),
    ("task_data", &["trace TEXT", "access TEXT"]),
    ("workflows", &["trace TEXT", "access TEXT"]),
];

pub(crate) const SCHEMA: &str = "
    -- What changes often. `due_at` is the time at which something is to be done with the task: it becomes ready, its
    -- lease ends, or it is dropped; none while it is ready. States are numbered in the code. Empty `target`: anyone.
    CREATE TABLE IF NOT EXISTS tasks (
        seq INTEGER PRIMARY KEY, id BLOB NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, queue TEXT NOT NULL,
        tool TEXT NOT NULL, target TEXT NOT NULL, state INTEGER NOT NULL, priority INTEGER NOT NULL,
        due_at INTEGER, ready_at INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
        fence INTEGER NOT NULL DEFAULT 0, settled INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 0,
        worker TEXT, lease_ms INTEGER, cancel TEXT, created_at INTEGER NOT NULL, started_at INTEGER,
        finished_at INTEGER, timeout_s INTEGER NOT NULL, retry INTEGER NOT NULL, max_attempts INTEGER NOT NULL,
        base_delay_ms INTEGER NOT NULL, retention_s INTEGER, progress TEXT, workflow BLOB, step TEXT, idem TEXT,
        hash BLOB NOT NULL, resubmitted_from BLOB, bytes INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX IF NOT EXISTS tasks_id ON tasks (id);
    CREATE UNIQUE INDEX IF NOT EXISTS tasks_idem ON tasks (tenant, queue, idem) WHERE idem IS NOT NULL;
    CREATE INDEX IF NOT EXISTS tasks_ready ON tasks (queue, tool, target, tenant, priority, ready_at) WHERE state = 1;
    CREATE INDEX IF NOT EXISTS tasks_due ON tasks (state, due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS tasks_list ON tasks (tenant, state);
    -- Neither changes while a task lives.
    CREATE INDEX IF NOT EXISTS tasks_tool ON tasks (tenant, tool);
    CREATE INDEX IF NOT EXISTS tasks_worker ON tasks (tenant, worker) WHERE worker IS NOT NULL;
    CREATE INDEX IF NOT EXISTS tasks_workflow ON tasks (workflow) WHERE workflow IS NOT NULL;
    -- What does not, and may be large.
    CREATE TABLE IF NOT EXISTS task_data (
        seq INTEGER PRIMARY KEY, tags TEXT NOT NULL, metadata TEXT, arguments TEXT NOT NULL, trace TEXT,
        access TEXT
    );
    CREATE TABLE IF NOT EXISTS task_results (
        seq INTEGER PRIMARY KEY, error TEXT, cid TEXT, result TEXT, code TEXT, detail TEXT, retryable INTEGER
    );
    CREATE INDEX IF NOT EXISTS task_results_cid ON task_results (cid) WHERE cid IS NOT NULL;
    -- Results that are too large for the table above, once each.
    CREATE TABLE IF NOT EXISTS task_contents (cid TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS task_tags (
        tenant TEXT NOT NULL, tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tenant, tag, seq)
    ) WITHOUT ROWID;
    -- How many there are, so that claims find who waits, caps hold and figures are read without a scan.
    CREATE TABLE IF NOT EXISTS task_counts (
        state INTEGER NOT NULL, queue TEXT NOT NULL, tool TEXT NOT NULL, target TEXT NOT NULL, tenant TEXT NOT NULL,
        priority INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (state, queue, tool, target, tenant, priority)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS task_counts_tenant ON task_counts (tenant, state);
    -- `turn` grows when the tenant is served: the lowest is next.
    CREATE TABLE IF NOT EXISTS task_tenants (
        tenant TEXT PRIMARY KEY, queued INTEGER NOT NULL, leased INTEGER NOT NULL, stored INTEGER NOT NULL,
        bytes INTEGER NOT NULL, turn INTEGER NOT NULL
    ) WITHOUT ROWID;
    -- Ends of tasks in each of the last sixty-four seconds.
    CREATE TABLE IF NOT EXISTS task_ends (
        tenant TEXT NOT NULL, slot INTEGER NOT NULL, second INTEGER NOT NULL, n INTEGER NOT NULL,
        PRIMARY KEY (tenant, slot)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS task_paused (queue TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS task_workers (
        worker TEXT PRIMARY KEY, capacity INTEGER NOT NULL DEFAULT 0, tools TEXT NOT NULL DEFAULT '[]',
        running INTEGER NOT NULL DEFAULT 0, completed INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
        lost INTEGER NOT NULL DEFAULT 0, completed_ms INTEGER NOT NULL DEFAULT 0, seen_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS workflows (
        seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, tenant TEXT NOT NULL, subject TEXT NOT NULL,
        name TEXT NOT NULL, state INTEGER NOT NULL, tags TEXT NOT NULL, idem TEXT, hash BLOB NOT NULL,
        created_at INTEGER NOT NULL, finished_at INTEGER, last INTEGER NOT NULL, worker TEXT,
        fence INTEGER NOT NULL DEFAULT 0, lease_until INTEGER NOT NULL DEFAULT 0, trace TEXT, access TEXT
    );
    CREATE UNIQUE INDEX IF NOT EXISTS workflows_idem ON workflows (tenant, idem) WHERE idem IS NOT NULL;
    CREATE INDEX IF NOT EXISTS workflows_list ON workflows (tenant, state);
    CREATE INDEX IF NOT EXISTS workflows_open ON workflows (lease_until) WHERE finished_at IS NULL;
    CREATE INDEX IF NOT EXISTS workflows_ended ON workflows (finished_at) WHERE finished_at IS NOT NULL;
    CREATE TABLE IF NOT EXISTS workflow_events (
        workflow INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, cid TEXT,
        body TEXT NOT NULL, PRIMARY KEY (workflow, seq)
    ) WITHOUT ROWID;
";
