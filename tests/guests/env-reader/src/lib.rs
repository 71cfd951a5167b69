//! A plugin that reads its environment: only what is granted is there.

use std::collections::BTreeMap;
use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct EnvReader;

#[tools]
impl EnvReader {
    /// Reads one variable.
    #[tool(read_only, idempotent)]
    fn env_variable(name: &str) -> Option<String> {
        env::var(name).ok()
    }

    /// Reads all variables.
    #[tool(read_only, idempotent)]
    fn env_variables() -> BTreeMap<String, String> {
        env::vars().collect()
    }

    /// Reads the arguments of the process.
    #[tool(read_only, idempotent)]
    fn env_arguments() -> Vec<String> {
        env::args().collect()
    }

    /// Tells the time, in seconds since 1970.
    #[tool(read_only)]
    fn env_time() -> Result<u64> {
        Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
    }
}

tandem_sdk::export!(EnvReader);
