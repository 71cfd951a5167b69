//! The engine and its tools, on real files. One program, so that it links once.

mod examples;
mod formats;
mod refusals;
mod space;
mod steps;
mod tools;
