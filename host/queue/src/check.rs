//! What is well-formed, and the digest that tells whether two submissions ask for the same. Both happen on the
//! caller's thread: the writer's is for writing.

use serde_json::Value;
use sha2::{Digest, Sha256};
use tandem_types::Access;

use super::{
    ClaimReq, MAX_ACCESS, MAX_AHEAD, MAX_ARGUMENTS, MAX_ATTEMPTS, MAX_BACKOFF, MAX_BATCH, MAX_CONTENT, MAX_ERROR,
    MAX_EVENT, MAX_KEY, MAX_METADATA, MAX_NAME, MAX_PRIORITY, MAX_QUEUES, MAX_RESULT, MAX_RETENTION, MAX_TAG, MAX_TAGS,
    MAX_TIMEOUT, MAX_TOOLS, NewEvent, NewTask, NewWorkflow, Outcome, Patch, Progress, TaskFailure, TaskResult,
    TaskStoreError, Timestamp, clock,
};

type Checked = Result<(), TaskStoreError>;

/// A task that is well-formed, with the digest of what it asks for.
pub(super) struct Prepared {
    pub(super) task: NewTask,
    pub(super) hash: [u8; 32],
    pub(super) tags: String,
    pub(super) bytes: u64,
    pub(super) from: Option<super::TaskId>,
}

pub(super) fn prepare(task: NewTask, now: Timestamp) -> Result<Prepared, TaskStoreError> {
    name("tenant", &task.tenant)?;
    text("subject", &task.subject, 0, MAX_NAME)?;
    name("queue", &task.queue)?;
    name("tool", &task.tool)?;
    priority(task.priority)?;
    timeout(task.timeout_s)?;
    tags(&task.tags)?;
    ahead(task.run_at, now)?;
    let retry = task.retry;
    if retry.max_attempts == 0 || retry.max_attempts > MAX_ATTEMPTS {
        return invalid(format!("`max_attempts` is {}, must be 1 to {MAX_ATTEMPTS}", retry.max_attempts));
    }
    if u128::from(retry.base_delay_ms) > MAX_BACKOFF.as_millis() {
        return invalid(format!("`base_delay_ms` is over {}", MAX_BACKOFF.as_millis()));
    }
    if task.retention_s.is_some_and(|keep| u64::from(keep) > MAX_RETENTION.as_secs()) {
        return invalid(format!("`retention_s` is over {}", MAX_RETENTION.as_secs()));
    }
    if let Some(peer) = &task.target_peer {
        name("target_peer", peer)?;
    }
    if let Some(key) = &task.idempotency_key {
        text("idempotency_key", key, 1, MAX_KEY)?;
    }
    if let Some(step) = &task.step {
        name("step", &step.step)?;
    }
    let arguments = object("arguments", &task.arguments, MAX_ARGUMENTS)?;
    let metadata = match &task.metadata {
        Some(metadata) => object("metadata", metadata, MAX_METADATA)?,
        None => Value::Null,
    };
    let hash = digest(&task, &arguments, &metadata);
    let tags = serde_json::to_string(&task.tags).unwrap_or_default();
    access(task.access.as_ref())?;
    let bytes = (task.arguments.len() + task.metadata.as_deref().map_or(0, str::len)) as u64;
    Ok(Prepared { task, hash, tags, bytes, from: None })
}

/// What tasks take of the disk, without the store's own bookkeeping.
pub(super) fn bytes(tasks: &[Prepared]) -> usize {
    tasks.iter().map(|task| usize::try_from(task.bytes).unwrap_or(usize::MAX)).fold(0, usize::saturating_add)
}

pub(super) fn event_bytes(events: &[NewEvent]) -> usize {
    events.iter().map(|event| event.body.len()).sum()
}

/// SHA-256 over everything that makes two submissions the same request: all but the id, the subject and the key
/// itself. JSON counts by its value: members in another order are the same.
fn digest(task: &NewTask, arguments: &Value, metadata: &Value) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    for text in [&task.tenant, &task.queue, &task.tool] {
        part(text.as_bytes());
    }
    part(&[task.priority, task.retry.policy as u8]);
    for number in [
        u64::from(task.timeout_s),
        u64::from(task.retry.max_attempts),
        task.retry.base_delay_ms,
        task.run_at.map_or(0, Timestamp::millis),
        task.retention_s.map_or(u64::MAX, u64::from),
    ] {
        part(&number.to_be_bytes());
    }
    part(task.target_peer.as_deref().unwrap_or_default().as_bytes());
    part(&(task.tags.len() as u64).to_be_bytes());
    for tag in &task.tags {
        part(tag.as_bytes());
    }
    if let Some(step) = &task.step {
        part(step.workflow.as_bytes());
        part(step.step.as_bytes());
    }
    for value in [arguments, metadata] {
        let mut canonical = String::new();
        canonicalise(value, &mut canonical);
        part(canonical.as_bytes());
    }
    hasher.finalize().into()
}

/// Members sorted by name, no blanks. The parser bounds the depth.
fn canonicalise(value: &Value, into: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            into.push('{');
            for (name, value) in members {
                into.push_str(&Value::String(name.clone()).to_string());
                into.push(':');
                canonicalise(value, into);
                into.push(',');
            }
            into.push('}');
        }
        Value::Array(items) => {
            into.push('[');
            for item in items {
                canonicalise(item, into);
                into.push(',');
            }
            into.push(']');
        }
        plain => into.push_str(&plain.to_string()),
    }
}

pub(super) fn patch(patch: &Patch, now: Timestamp) -> Checked {
    if let Some(tags_) = &patch.tags {
        tags(tags_)?;
    }
    if let Some(seconds) = patch.timeout_s {
        timeout(seconds)?;
    }
    if let Some(metadata) = &patch.metadata {
        object("metadata", metadata, MAX_METADATA)?;
    }
    if let Some(wanted) = patch.priority {
        priority(wanted)?;
    }
    ahead(patch.run_at, now)
}

pub(super) fn claim(request: &ClaimReq) -> Checked {
    name("worker", &request.worker)?;
    if request.queues.len() > MAX_QUEUES {
        return invalid(format!("a claim is limited to {MAX_QUEUES} queues, got {}", request.queues.len()));
    }
    if request.tools.len() > MAX_TOOLS {
        return invalid(format!("a claim is limited to {MAX_TOOLS} tools, got {}", request.tools.len()));
    }
    Ok(())
}

/// A task that runs already.
pub(super) fn adopted(task: &NewTask, worker: &str) -> Checked {
    name("worker", worker)?;
    if task.run_at.is_some() {
        return invalid("a task that runs already has no `run_at`".to_owned());
    }
    Ok(())
}

/// Texts are cut; a result that is too large is refused.
pub(super) fn outcome(outcome: Outcome) -> Result<Outcome, TaskStoreError> {
    match outcome {
        Outcome::Ok(TaskResult::Inline(json)) => {
            if json.len() > MAX_RESULT {
                return invalid(format!(
                    "a result inline has at most {MAX_RESULT} bytes, this one has {}: store it and give its cid",
                    json.len()
                ));
            }
            if serde_json::from_str::<serde::de::IgnoredAny>(&json).is_err() {
                return invalid("a result is a json text, this one is not".to_owned());
            }
            Ok(Outcome::Ok(TaskResult::Inline(json)))
        }
        Outcome::Ok(TaskResult::Cid(cid)) => {
            name("result cid", &cid)?;
            Ok(Outcome::Ok(TaskResult::Cid(cid)))
        }
        Outcome::Kept { cid, content } => {
            name("result cid", &cid)?;
            if content.len() > MAX_CONTENT {
                return invalid(format!("a result is limited to {MAX_CONTENT} bytes, got {}", content.len()));
            }
            Ok(Outcome::Kept { cid, content })
        }
        Outcome::Retry { failure: why, delay } => Ok(Outcome::Retry { failure: failure(why, true)?, delay }),
        Outcome::Fatal { failure: why } => Ok(Outcome::Fatal { failure: failure(why, false)? }),
        other => Ok(other),
    }
}

fn failure(failure: TaskFailure, retryable: bool) -> Result<TaskFailure, TaskStoreError> {
    if failure.detail.as_ref().is_some_and(|detail| detail.len() > MAX_ERROR) {
        return invalid(format!("the detail of a failure has at most {MAX_ERROR} bytes"));
    }
    Ok(TaskFailure { message: cut(failure.message, MAX_ERROR), retryable, ..failure })
}

pub(super) fn progress(progress: Progress) -> Progress {
    Progress { message: progress.message.map(|message| cut(message, super::MAX_PROGRESS)), ..progress }
}

pub(super) fn events(events: &[NewEvent]) -> Checked {
    batch("events", events.len())?;
    for event in events {
        name("event kind", &event.kind)?;
        if let Some(cid) = &event.cid {
            name("event cid", cid)?;
        }
        if event.body.len() > MAX_EVENT {
            return invalid(format!("an event is limited to {MAX_EVENT} bytes, got {}", event.body.len()));
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(&event.body).is_err() {
            return invalid(format!("the body of an event `{}` is not json text", event.kind));
        }
    }
    Ok(())
}

/// Answers the digest of what makes two workflows the same request: all but the id, the subject and the key.
pub(super) fn workflow(new: &NewWorkflow) -> Result<[u8; 32], TaskStoreError> {
    name("tenant", &new.tenant)?;
    text("subject", &new.subject, 0, MAX_NAME)?;
    name("name", &new.name)?;
    tags(&new.tags)?;
    if let Some(key) = &new.idempotency_key {
        text("idempotency_key", key, 1, MAX_KEY)?;
    }
    events(&new.events)?;
    access(new.access.as_ref())?;
    let mut hasher = Sha256::new();
    let texts = [&new.tenant, &new.name].into_iter().chain(&new.tags);
    for text in texts.chain(new.events.iter().flat_map(|event| [&event.kind, &event.body])) {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    Ok(hasher.finalize().into())
}

pub(super) fn batch(what: &str, length: usize) -> Checked {
    if length > MAX_BATCH {
        return invalid(format!("a call is limited to {MAX_BATCH} {what}, got {length}"));
    }
    Ok(())
}

pub(super) fn tags(tags: &[String]) -> Checked {
    if tags.len() > MAX_TAGS {
        return invalid(format!("a task is limited to {MAX_TAGS} tags, got {}", tags.len()));
    }
    tags.iter().try_for_each(|tag| text("tag", tag, 1, MAX_TAG))
}

pub(super) fn name(what: &str, name: &str) -> Checked {
    text(what, name, 1, MAX_NAME)
}

pub(super) fn text(what: &str, text: &str, min: usize, max: usize) -> Checked {
    if text.len() < min || text.len() > max {
        return invalid(format!("`{what}` must have {min} to {max} bytes, got {}", text.len()));
    }
    if text.chars().any(char::is_control) {
        return invalid(format!("`{what}` has a control character"));
    }
    Ok(())
}

/// At a character's border, with a mark that some is missing.
pub(super) fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max.saturating_sub(3)));
        text.push('…');
    }
    text
}

fn priority(priority: u8) -> Checked {
    if priority > MAX_PRIORITY {
        return invalid(format!("`priority` is {priority}, must be 0 to {MAX_PRIORITY}"));
    }
    Ok(())
}

fn timeout(seconds: u32) -> Checked {
    if seconds == 0 || u64::from(seconds) > MAX_TIMEOUT.as_secs() {
        return invalid(format!("`timeout_s` is {seconds}, must be 1 to {}", MAX_TIMEOUT.as_secs()));
    }
    Ok(())
}

fn ahead(run_at: Option<Timestamp>, now: Timestamp) -> Checked {
    if run_at.is_some_and(|run_at| run_at > now.plus(MAX_AHEAD)) {
        return invalid(format!("`run_at` is more than {} s ahead", clock::millis(MAX_AHEAD) / 1000));
    }
    Ok(())
}

fn access(access: Option<&Access>) -> Checked {
    let bytes = access_text(access).map_or(0, |text| text.len());
    if bytes > MAX_ACCESS {
        return invalid(format!(
            "what the caller may call is limited to {MAX_ACCESS} bytes, got {bytes}; name categories"
        ));
    }
    Ok(())
}

/// As it is stored.
pub(super) fn access_text(access: Option<&Access>) -> Option<String> {
    access.and_then(|access| serde_json::to_string(access).ok())
}

fn object(what: &str, text: &str, max: usize) -> Result<Value, TaskStoreError> {
    if text.len() > max {
        return invalid(format!("`{what}` is limited to {max} bytes, got {}", text.len()));
    }
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => invalid(format!("`{what}` must be a json object")),
    }
}

fn invalid<T>(why: String) -> Result<T, TaskStoreError> {
    Err(TaskStoreError::Invalid(why))
}
