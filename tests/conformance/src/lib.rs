//! The fixtures of the MCP conformance suite, as a plugin.
//!
//! A host that loads it and passes the suite shows that every kind of content, every question to a client
//! and every change of a list crosses the sandbox as the protocol wants it. Names and texts are the suite's.

mod changes;
mod content;
mod input_required;
mod prompts;
mod questions;
mod resources;
mod running;
mod tasks;

/// A red pixel.
const PIXEL: &[u8] = include_bytes!("../data/pixel.png");

/// A millisecond without sound.
const SILENCE: &[u8] = include_bytes!("../data/silence.wav");

tandem_sdk::export!(
    content::Contents,
    running::Running,
    tasks::Tasks,
    questions::Questions,
    input_required::InputRequired,
    changes::Changes,
    resources::Resources,
    prompts::Prompts,
);
