//! `tandem plugin test`: the author's cases, in the real sandbox.
//!
//! **Promises.** Each case has a fresh instance, an empty store, and the grants that it names, under the manifest's limits; arguments and
//! results are checked against the schemas as a host checks them. Nothing reaches the network: a request that a grant allows gets the
//! answer that the case has recorded, any other one is refused. **Bounds:** one case at a time, in the plugin's own limits.
//! **Not tested here:** what the router adds (queues, retries, the result cache).

mod case;
mod command;
mod fakes;
mod judge;
mod run;

pub use self::command::{Test, run};
