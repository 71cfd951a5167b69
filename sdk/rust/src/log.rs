//! Log lines: to the operator, and to the client when it asked for the level.
//!
//! `log::info!("loaded {rows} rows")`, and so on for every level. Lines over the host's bound for one call
//! are dropped and counted; logging never fails.

use serde_json::Value;

pub use crate::bindings::tandem::host::log::Level;
pub use crate::{
    __log_alert as alert, __log_critical as critical, __log_debug as debug, __log_emergency as emergency,
    __log_error as error, __log_info as info, __log_notice as notice, __log_warning as warning,
};

/// Writes one entry of text.
pub fn text(level: Level, message: &str) {
    crate::host::log::write(level, None, &Value::from(message).to_string());
}

/// Writes one entry of structured data, under the name of a part of the plugin.
pub fn write(level: Level, logger: Option<&str>, data: &Value) {
    crate::host::log::write(level, logger, &data.to_string());
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($part:tt)*) => { $crate::log::text($crate::log::Level::Debug, &::std::format!($($part)*)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($part:tt)*) => { $crate::log::text($crate::log::Level::Info, &::std::format!($($part)*)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_notice {
    ($($part:tt)*) => { $crate::log::text($crate::log::Level::Notice, &::std::format!($($part)*)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_warning {
    ($($part:tt)*) => { $crate::log::text($crate::log::Level::Warning, &::std::format!($($part)*)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($part:tt)*) => { $crate::log::text($crate::log::Level::Error, &::std::format!($($part)*)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_critical {
    ($($part:tt)*) => { $crate::log::text($crate::log::Level::Critical, &::std::format!($($part)*)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_alert {
    ($($part:tt)*) => { $crate::log::text($crate::log::Level::Alert, &::std::format!($($part)*)) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_emergency {
    ($($part:tt)*) => { $crate::log::text($crate::log::Level::Emergency, &::std::format!($($part)*)) };
}
