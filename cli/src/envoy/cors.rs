//! Envoy's CORS filter: it answers preflights, and lets pages of other origins read answers.

use super::typed;
use crate::deployment::cors::{Cors, Origin, Token};
use crate::yaml::{List, Map, quoted};

/// The filter's name, by which a virtual host's policy finds it.
const NAME: &str = "envoy.filters.http.cors";

/// The filter. What it does is said by the policy of the virtual host.
pub(super) fn filter() -> Map {
    typed::extension(NAME, typed::short_message("envoy.extensions.filters.http.cors.v3.Cors"))
}

/// The value of a virtual host's `typed_per_filter_config`.
pub(super) fn policy(cors: &Cors) -> Map {
    let policy = typed::message("envoy.extensions.filters.http.cors.v3.CorsPolicy")
        .with("allow_origin_string_match", List::of(cors.allow_origins.iter().map(origin)))
        .with("allow_methods", list(&cors.allow_methods))
        .with("allow_headers", list(&cors.allow_headers))
        .with("expose_headers", list(&cors.expose_headers))
        .with("max_age", quoted(cors.max_age.whole_seconds().to_string()))
        .with("allow_credentials", cors.allow_credentials)
        .noted(
            "A preflight from elsewhere is answered, too, without a permission.",
            "forward_not_matching_preflights",
            false,
        );
    Map::new().with(NAME, policy)
}

fn list(tokens: &[Token]) -> crate::yaml::Tree {
    quoted(tokens.iter().map(|token| token.0.as_str()).collect::<Vec<_>>().join(","))
}

/// `*` alone is Envoy's own sign for every origin.
fn origin(origin: &Origin) -> Map {
    match origin.0.split_once("://*.") {
        None => Map::line().with("exact", quoted(&origin.0)),
        Some((scheme, domain)) => {
            let escape =
                |text: &str| text.replace('+', "\\+").replace('.', "\\.").replace('[', "\\[").replace(']', "\\]");
            let regex = format!("{}://[a-z0-9_.-]+\\.{}", escape(scheme), escape(domain));
            Map::line().with("safe_regex", Map::line().with("regex", quoted(regex)))
        }
    }
}
