//! The plugin's own log: `artifacts/<ident>/plugins/<name>/log`.

use std::fmt;

use crate::host;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// For who looks for a fault.
    Debug,
    /// What was done.
    Info,
    /// What was survived.
    Warn,
    /// What was not.
    Error,
}

/// Writes a line. The macros are shorter: [`info!`](crate::info).
pub fn log(level: Level, message: fmt::Arguments<'_>) {
    host::log(level, &message.to_string());
}

/// Writes a line of the level `trace`.
#[macro_export]
macro_rules! trace {
    ($($text:tt)*) => { $crate::log::log($crate::log::Level::Trace, format_args!($($text)*)) };
}

/// Writes a line of the level `debug`.
#[macro_export]
macro_rules! debug {
    ($($text:tt)*) => { $crate::log::log($crate::log::Level::Debug, format_args!($($text)*)) };
}

/// Writes a line of the level `info`.
#[macro_export]
macro_rules! info {
    ($($text:tt)*) => { $crate::log::log($crate::log::Level::Info, format_args!($($text)*)) };
}

/// Writes a line of the level `warn`.
#[macro_export]
macro_rules! warn {
    ($($text:tt)*) => { $crate::log::log($crate::log::Level::Warn, format_args!($($text)*)) };
}

/// Writes a line of the level `error`.
#[macro_export]
macro_rules! error {
    ($($text:tt)*) => { $crate::log::log($crate::log::Level::Error, format_args!($($text)*)) };
}
