//! What stands in for the host when a plugin's unit tests run natively: storage of the running thread,
//! which no other test sees, and a client that knows the answers it was given.

pub(crate) mod http;
pub(crate) mod p2p;

use std::cell::RefCell;
use std::collections::BTreeMap;

type Entries = BTreeMap<String, Vec<u8>>;

thread_local! {
    static CACHE: RefCell<Entries> = const { RefCell::new(Entries::new()) };
    static KV: RefCell<Entries> = const { RefCell::new(Entries::new()) };
    static ANSWERS: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    static CONFIG: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// Forgets everything of the running thread.
pub(crate) fn clear() {
    CACHE.with_borrow_mut(BTreeMap::clear);
    KV.with_borrow_mut(BTreeMap::clear);
    ANSWERS.with_borrow_mut(BTreeMap::clear);
    CONFIG.with_borrow_mut(BTreeMap::clear);
    http::clear();
}

pub(crate) mod log {
    use crate::bindings::tandem::host::log::Level;

    pub(crate) fn write(_level: Level, _logger: Option<&str>, _data: &str) {}
}

pub(crate) mod config {
    use super::CONFIG;

    pub(crate) fn get(key: &str) -> Option<String> {
        CONFIG.with_borrow(|entries| entries.get(key).cloned())
    }

    pub(crate) fn all() -> Vec<(String, String)> {
        CONFIG.with_borrow(|entries| entries.clone().into_iter().collect())
    }

    pub(crate) fn set(key: &str, value: &str) {
        CONFIG.with_borrow_mut(|entries| entries.insert(key.to_owned(), value.to_owned()));
    }
}

pub(crate) mod cache {
    use super::CACHE;
    use crate::bindings::tandem::host::cache::Error;

    pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(CACHE.with_borrow(|entries| entries.get(key).cloned()))
    }

    pub(crate) fn set(key: &str, value: &[u8], _ttl_ms: Option<u64>) -> Result<(), Error> {
        CACHE.with_borrow_mut(|entries| entries.insert(key.to_owned(), value.to_vec()));
        Ok(())
    }

    pub(crate) fn delete(key: &str) -> Result<(), Error> {
        CACHE.with_borrow_mut(|entries| entries.remove(key));
        Ok(())
    }
}

pub(crate) mod kv {
    use super::KV;
    use crate::bindings::tandem::host::kv::{Error, KeyPage};

    pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(KV.with_borrow(|entries| entries.get(key).cloned()))
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Error> {
        KV.with_borrow_mut(|entries| entries.insert(key.to_owned(), value.to_vec()));
        Ok(())
    }

    pub(crate) fn set_many(values: &[(String, Vec<u8>)]) -> Result<(), Error> {
        KV.with_borrow_mut(|entries| entries.extend(values.iter().cloned()));
        Ok(())
    }

    pub(crate) fn compare_and_set(key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Error> {
        KV.with_borrow_mut(|entries| {
            let fits = entries.get(key).map(Vec::as_slice) == expected;
            if fits {
                entries.insert(key.to_owned(), value.to_vec());
            }
            Ok(fits)
        })
    }

    pub(crate) fn delete(key: &str) -> Result<bool, Error> {
        Ok(KV.with_borrow_mut(|entries| entries.remove(key)).is_some())
    }

    pub(crate) fn list_keys(prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, Error> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        KV.with_borrow(|entries| {
            let mut keys =
                entries.keys().filter(|key| key.starts_with(prefix) && after.is_none_or(|a| key.as_str() > a));
            let page: Vec<String> = keys.by_ref().take(limit).cloned().collect();
            let next = keys.next().and(page.last().cloned());
            Ok(KeyPage { keys: page, next })
        })
    }
}

pub(crate) mod events {
    use crate::bindings::tandem::host::events::{EntryKind, Error};

    pub(crate) fn set_hidden(_kind: EntryKind, _name: &str, _hidden: bool) -> Result<(), Error> {
        Ok(())
    }

    pub(crate) fn resource_updated(_uri: &str) -> Result<(), Error> {
        Ok(())
    }
}

pub(crate) mod client {
    use super::ANSWERS;
    use crate::bindings::tandem::host::client::{Capabilities, Error, Input, InputRequest, InputResponse};

    pub(crate) fn get_capabilities() -> Capabilities {
        let some = ANSWERS.with_borrow(|answers| !answers.is_empty());
        Capabilities { elicitation: some, sampling: some, roots: some }
    }

    pub(crate) fn request(requests: &[InputRequest]) -> Result<Vec<InputResponse>, Error> {
        requests.iter().map(answer).collect()
    }

    pub(crate) fn set_answer(key: &str, response: String) {
        ANSWERS.with_borrow_mut(|answers| answers.insert(key.to_owned(), response));
    }

    fn answer(request: &InputRequest) -> Result<InputResponse, Error> {
        let capability = match request.input {
            Input::Elicit(_) => "elicitation",
            Input::Sample(_) => "sampling",
            Input::Roots => "roots",
        };
        let response = ANSWERS.with_borrow(|answers| answers.get(&request.key).cloned());
        let response = response.ok_or_else(|| Error::Unsupported(capability.to_owned()))?;
        Ok(InputResponse { key: request.key.clone(), response })
    }
}

pub(crate) mod invoke {
    use crate::bindings::tandem::host::invoke::{Error, Output};

    pub(crate) fn call_tool(tool: &str, _arguments: &str) -> Result<Output, Error> {
        Err(Error::NotFound(format!("`{tool}`: outside a host there are no other tools")))
    }
}

pub(crate) mod secrets {
    use crate::bindings::tandem::host::secrets::Error;

    pub(crate) fn list() -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    pub(crate) fn placeholder(name: &str) -> Result<String, Error> {
        Err(Error::Denied(format!("the secret `{name}` is not granted")))
    }

    pub(crate) fn reveal(name: &str) -> Result<String, Error> {
        placeholder(name)
    }
}
