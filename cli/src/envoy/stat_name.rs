//! What Envoy's statistics call a cluster.
//!
//! A dot in a name ends it there for whoever takes the name out of a statistic, Envoy's own tags included: `model:gpt-5.1>x`
//! would be counted together with `model:gpt-5.2>x`, as `model_gpt-5`, for Envoy writes `_` for a colon. So names are written
//! in the percent-encoding that URLs have, which every language decodes.

use pointsman_engine::percent;

/// The value of `alt_stat_name` for a cluster of that name.
pub(super) fn stat_name(cluster: &str) -> String {
    percent::encode(cluster.as_bytes(), |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_anything_odd_stay() {
        for (name, expected) in [
            ("openai", "openai"),
            ("my_own-cluster2", "my_own-cluster2"),
            ("model:gpt-5.1>openai", "model%3Agpt-5%2E1%3Eopenai"),
            ("failover:a>x,org/b>y", "failover%3Aa%3Ex%2Corg%2Fb%3Ey"),
            ("50%2E", "50%252E"),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(stat_name(name), expected);
        }
    }
}
