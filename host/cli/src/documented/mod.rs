//! The commands that documents show exist and are spelled as they are shown in help; the references of the command line and of
//! the configuration are what clap and the JSON Schema say. `make docs` writes those two.

mod command_line;
mod commands;
mod configuration;
mod reference;
mod spellings;
