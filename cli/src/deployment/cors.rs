//! Which pages of other origins may call from a browser.

use super::duration::Duration;
use pointsman_document::{Path, Report, object, text};

object! {
    /// Which pages of other origins may call from a browser (CORS). Envoy answers their preflights.
    pub(crate) struct Cors {
        /// Origins as a browser writes them, such as `https://chat.example.com`. `https://*.example.com` stands for every
        /// name below, and `*` for every origin there is.
        "allowOrigins" => allow_origins: Vec<Origin>,
        /// The methods that they may use.
        "allowMethods" => allow_methods: Vec<Token> = vec!["GET", "POST"],
        /// The request headers that they may send. Default: those of OpenAI's and Anthropic's clients in a browser.
        "allowHeaders" => allow_headers: Vec<Token> = OF_CLIENTS.to_vec(),
        /// The response headers that they may read, besides those that every page may.
        "exposeHeaders" => expose_headers: Vec<Token> = vec!["retry-after", "x-request-id"],
        /// Whether requests may carry the browser's cookies.
        "allowCredentials" => allow_credentials: bool = false,
        /// For how long a browser may remember the answer to a preflight.
        "maxAge" => max_age: Duration = "1h",
    }
    required("allowOrigins");
}

/// What the official clients send when a browser runs them.
const OF_CLIENTS: [&str; 20] = [
    "authorization",
    "content-type",
    "api-key",
    "x-api-key",
    "anthropic-version",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "openai-organization",
    "openai-project",
    "openai-beta",
    "idempotency-key",
    "x-stainless-arch",
    "x-stainless-helper-method",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "x-stainless-runtime-version",
    "x-stainless-timeout",
];

text! {
    /// An origin, all origins below a name, or `*`.
    pub(crate) Origin: "an origin such as https://chat.example.com, https://*.example.com or *",
        "^(\\*|[a-z][a-z0-9+.-]*://(\\*\\.)?[a-z0-9.\\[\\]:_-]+)$", 300, is_origin;
    /// A header's name, or a method.
    pub(crate) Token: "a name of letters, digits and -", "^[A-Za-z0-9!#$%&'+.^_`|~-]+$", 100, is_token;
}

/// Browsers write schemes and hosts in lower case, and neither a path nor a slash at the end.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return text == "*" };
    let host = host.strip_prefix("*.").unwrap_or(host);
    let scheme_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+.-".contains(&byte);
    let host_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".[]:_-".contains(&byte);
    scheme.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
        && scheme.bytes().all(scheme_byte)
        && !host.is_empty()
        && host.bytes().all(host_byte)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'+.^_`|~-".contains(&byte))
}

impl Cors {
    /// What the types alone do not rule out.
    pub(super) fn check(&self, at: &Path<'_>, report: &mut Report) {
        let at_origins = at.key("allowOrigins");
        if self.allow_origins.is_empty() && !report.is_lost(&at_origins) {
            report.add(&at_origins, "needs at least one origin".into());
        }
        if self.allow_credentials && self.allow_origins.iter().any(|origin| origin.0 == "*") {
            let message = "with `*`, every page on the web would act with its visitor's cookies: name the origins";
            report.add(&at.key("allowCredentials"), message.into());
        }
    }
}
