//! What Envoy's admin interface answered.

use super::tree::Tree;
use serde_json::Value;
use std::collections::BTreeMap;

/// Answers to all that is asked. Only the config dump has to be there.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) config_dump: Value,
    /// `/stats`, as text.
    pub(crate) stats: Option<String>,
    pub(crate) server_info: Option<Value>,
    pub(crate) listeners: Option<Value>,
}

/// The statistics that are looked at.
pub(crate) const STATS: &str = "/stats?filter=wasm%7Cextension_config%7Clistener_manager%7Ccds.%7Crds.%7Csds.";

/// An Envoy release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::doctor) struct Release(pub(in crate::doctor) u32, pub(in crate::doctor) u32);

impl Answers {
    /// Envoy's version, as it says it: `1.40.0`.
    pub(in crate::doctor) fn version(&self) -> Option<&str> {
        // Commit, version, state of the sources, kind of build, TLS library.
        self.server_info.as_ref()?.text("/version").split('/').nth(1)
    }

    pub(in crate::doctor) fn release(&self) -> Option<Release> {
        let mut numbers = self.version()?.split('.').map(str::parse);
        Some(Release(numbers.next()?.ok()?, numbers.next()?.ok()?))
    }

    pub(in crate::doctor) fn workers(&self) -> Option<u64> {
        self.server_info.as_ref()?.number("/command_line_options/concurrency")
    }

    pub(in crate::doctor) fn stats(&self) -> Option<Stats<'_>> {
        self.stats.as_deref().map(Stats::of)
    }
}

/// Counters, gauges and texts by name.
#[derive(Debug)]
pub(in crate::doctor) struct Stats<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Stats<'a> {
    fn of(text: &'a str) -> Self {
        Self(text.lines().filter_map(|line| line.split_once(": ")).collect())
    }

    /// The number of that name; `None` when Envoy does not show it.
    pub(in crate::doctor) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.parse().ok()
    }

    /// The sum of those of that name, wherever they are: some stand below a cluster's name.
    pub(in crate::doctor) fn sum(&self, name: &str) -> u64 {
        let at_end = |full: &str| full.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let found = self.0.iter().filter(|(full, _)| at_end(full));
        found.filter_map(|(_, value)| value.parse::<u64>().ok()).sum()
    }

    /// What stands in front of `name`, and the numbers, wherever they are not 0.
    pub(in crate::doctor) fn counted(&self, name: &str) -> impl Iterator<Item = (&'a str, u64)> {
        let all = self.0.iter().filter_map(move |(full, value)| Some((full.strip_suffix(name)?, value.parse().ok()?)));
        all.filter(|(_, count)| *count > 0)
    }

    /// Whether Envoy shows any whose name begins so.
    pub(in crate::doctor) fn has_below(&self, prefix: &str) -> bool {
        self.0.keys().any(|name| name.starts_with(prefix))
    }

    pub(in crate::doctor) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|text| text.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn releases_are_read_from_versions() {
        for (version, expected) in [
            ("9e55/1.40.0/Clean/RELEASE/BoringSSL", Some(Release(1, 40))),
            ("9e55/1.36.2-dev/Clean/RELEASE/BoringSSL", Some(Release(1, 36))),
            ("", None),
            ("x/y/z", None),
        ] {
            let answers = Answers { server_info: Some(json!({"version": version})), ..Answers::default() };
            assert_eq!(answers.release(), expected, "{version}");
        }
        assert!(Release(1, 9) < Release(1, 35));
    }

    #[test]
    fn statistics_are_numbers_and_texts() {
        let stats = Stats::of("a.b: 3\na.v: \"x: y\"\nc.b: 0\nd: P0(1,2)\n");
        assert_eq!((stats.number("a.b"), stats.text("a.v"), stats.number("d")), (Some(3), Some("x: y"), None));
        assert_eq!((stats.sum("b"), stats.sum(".b"), stats.sum("a.b")), (3, 0, 3));
        assert!(stats.has_below("a.") && !stats.has_below("b."));
    }
}
