//! Conditions on the request path.

use super::text::RequestPath;
use pointsman_document::{names, object};

object! {
    /// A condition on the request path.
    pub(crate) struct PathSpec {
        /// How the path is compared.
        "type" => kind: PathMatchType = "Exact",
        /// The path, or its beginning.
        "value" => value: RequestPath,
    }
}

names! {
    /// How a path is compared.
    pub(crate) enum PathMatchType {
        /// The same path.
        Exact => "Exact",
        /// A path that begins with these segments: `/a` matches `/a` and `/a/b`, not `/ab`.
        Prefix => "Prefix",
    }
}

/// A condition on the request path without its query.
#[derive(Clone, Debug)]
pub(crate) enum PathMatch {
    Exact(String),
    /// Without a slash at its end.
    Prefix(String),
}

impl PathMatch {
    pub(crate) fn matches(&self, path: impl AsRef<[u8]>) -> bool {
        let path = path.as_ref();
        match self {
            PathMatch::Exact(exact) => path == exact.as_bytes(),
            PathMatch::Prefix(prefix) => {
                path.strip_prefix(prefix.as_bytes()).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
            }
        }
    }
}

impl PathSpec {
    pub(super) fn compile(self) -> PathMatch {
        match self.kind {
            PathMatchType::Exact => PathMatch::Exact(self.value.0),
            PathMatchType::Prefix => PathMatch::Prefix(self.value.0.trim_end_matches('/').to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_prefix_ends_between_segments() {
        let prefix = PathSpec { kind: PathMatchType::Prefix, value: RequestPath("/a/".to_owned()) }.compile();
        assert!(prefix.matches("/a") && prefix.matches("/a/b") && !prefix.matches("/ab") && !prefix.matches("/"));
        let root = PathSpec { kind: PathMatchType::Prefix, value: RequestPath("/".to_owned()) }.compile();
        assert!(root.matches("/") && root.matches("/a"));
        assert!(!root.matches("*"));
    }
}
