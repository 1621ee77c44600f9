//! The `log` facade over Envoy's log.
//!
//! Envoy shows a line when its component `wasm` logs at that level (`--component-log-level wasm:debug`). The level is asked
//! for once for each configuration, so that a line nobody sees costs one comparison.

use log::{LevelFilter, Log, Metadata, Record};
use pointsman_abi::{self as abi, LogLevel};

struct Logger;

static LOGGER: Logger = Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = match record.level() {
            log::Level::Error => LogLevel::Error,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Info => LogLevel::Info,
            log::Level::Debug => LogLevel::Debug,
            log::Level::Trace => LogLevel::Trace,
        };
        // There is nowhere to report a failure to.
        let _ = match record.args().as_str() {
            Some(text) => abi::log(level, text.as_bytes()),
            None => abi::log(level, record.args().to_string().as_bytes()),
        };
    }

    fn flush(&self) {}
}

/// Begins to log, as much as the host wants to hear.
pub(crate) fn install() {
    // It stays installed: a second configuration of the same VM finds it there.
    let _ = log::set_logger(&LOGGER);
    log::set_max_level(match abi::log_level() {
        Ok(0) => LevelFilter::Trace,
        Ok(1) => LevelFilter::Debug,
        Ok(2) => LevelFilter::Info,
        Ok(3) => LevelFilter::Warn,
        Ok(4..) => LevelFilter::Error,
        // Whoever does not say gets what everybody may want to know.
        Err(_) => LevelFilter::Info,
    });
}
