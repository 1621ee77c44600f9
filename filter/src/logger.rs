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
    log::set_max_level(filter(abi::log_level().ok()));
}

/// What a host's level lets through.
fn filter(level: Option<u32>) -> LevelFilter {
    match level {
        Some(0) => LevelFilter::Trace,
        Some(1) => LevelFilter::Debug,
        // Whoever does not say gets what everybody may want to know.
        Some(2) | None => LevelFilter::Info,
        Some(3) => LevelFilter::Warn,
        Some(4..) => LevelFilter::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_host() {
        for level in [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error] {
            assert_eq!(filter(Some(level as u32)).to_string(), format!("{level:?}").to_uppercase());
        }
        assert_eq!([filter(Some(6)), filter(None)], [LevelFilter::Error, LevelFilter::Info]);
    }
}
