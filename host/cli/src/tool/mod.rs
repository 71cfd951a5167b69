//! `tandem tool`: calls, lists and shows the tools of a running host.

mod command;
mod result;
mod schema;
mod show;

pub(crate) use command::{Call, Tool, call, run};
pub(crate) use result::print_result;
