//! Kinds of text that operators write. Each knows what it may hold, in Rust and in JSON Schema.

use super::pattern::Pattern;
use crate::request::session::FieldPath;
use pointsman_document::text;

/// Longest name, pattern or value.
const LONGEST: usize = 256;

text! {
    /// The name of a model. A `>` ends it in the names of clusters.
    pub(crate) ModelName: "a name (visible ASCII characters, spaces only between them, no `*` or `>`, at most 256)",
        "^[!-)+-=?-~]([ -)+-=?-~]*[!-)+-=?-~])?$", LONGEST, |text| is_printable(text) && !text.contains(['*', '>']);
    /// The name of a tenant or rule, or of what another section declares. Names are told in response headers.
    pub(crate) Name: "a name (visible ASCII characters, spaces only between them, no `*`, at most 256)",
        "^[!-)+-~]([ -)+-~]*[!-)+-~])?$", LONGEST, |text| is_printable(text) && !text.contains('*');
    /// A name in which `*` stands for any characters, also none.
    pub(crate) NamePattern: "a name or a pattern with `*` (visible ASCII characters, spaces only between them, at most 256)",
        "^[!-~]([ -~]*[!-~])?$", LONGEST, is_printable;
    /// The name of an Envoy cluster.
    pub(crate) Cluster: "a cluster name (visible ASCII characters, at most 256)",
        "^[!-~]+$", LONGEST, |text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    /// Text that is written into the body.
    pub(crate) Plain: "a text of 1 to 256 characters without control characters",
        "^[^\\u0000-\\u001f\\u007f-\\u009f]+$", LONGEST, is_plain;
    /// An identity or a claim, in which `*` stands for any characters, also none.
    pub(crate) PlainPattern: "a pattern of 1 to 256 characters without control characters",
        "^[^\\u0000-\\u001f\\u007f-\\u009f]+$", LONGEST, is_plain;
    /// What a client is told.
    pub(crate) Message: "a text of 1 to 1024 characters without control characters",
        "^[^\\u0000-\\u001f\\u007f-\\u009f]+$", 1024, is_plain;
    /// The name of a label.
    pub(crate) LabelKey: "a label name (letters, digits and `-_./`, at most 256)",
        "^[A-Za-z0-9_./-]+$", LONGEST,
        |text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    /// A word or phrase that is looked for in the prompt.
    pub(crate) Keyword: "a keyword (at least one letter or digit, no control characters, at most 256)",
        "[\\p{L}\\p{N}_]", LONGEST,
        |text| is_plain(text) && text.chars().any(|character| character.is_alphanumeric() || character == '_');
    /// A path in front of the paths of the APIs.
    pub(crate) PathPrefix: "a path prefix such as `/openai` (starts with `/`, does not end with it, no query, no `//` or `..`)",
        "^(/(?!\\.{1,2}(/|$))[A-Za-z0-9_.~!$&'()*+,=:@-]+)+$", LONGEST, is_path_prefix;
    /// A currency.
    pub(crate) Currency: "a code of ISO 4217, such as `USD`", "^[A-Z]{3}$", 3,
        |text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    /// A query that is added to a path.
    pub(crate) Query: "a query such as `api-version=2024-10-21` (visible ASCII characters, no `#`, does not start with `?`, at most 256)",
        "^[!\"$->@-~][!\"$-~]*$", LONGEST,
        |text| !text.is_empty() && !text.starts_with('?') && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    /// A path that is compared with the request's.
    pub(crate) RequestPath: "a path (starts with `/`, visible ASCII characters, no query)",
        "^/[!-\"$->@-~]*$", 1024,
        |text| text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#');
    /// A header value.
    pub(crate) HeaderValue: "a header value (no control characters, no space at its ends, at most 1024)",
        "^([^\\u0000-\\u0020\\u007f]([^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f])?)?$", 1024,
        |text| !text.contains(|character: char| character.is_ascii_control()) && !text.starts_with(' ') && !text.ends_with(' ');
    /// The path of a claim; dots lead into nested claims.
    pub(crate) ClaimName: "a claim name (`org`, `realm.roles`, or `https://example\\.com/org` for a dot of the name itself)",
        "^[^\\u0000-\\u001f\\u007f-\\u009f]+$", LONGEST,
        |text| is_plain(text) && super::claim::claim_path(text).iter().all(|segment| !segment.is_empty());
    /// A field of the body; a dot leads into an object.
    pub(crate) BodyField: "a field (`user`, `metadata.user_id`; each name at most 32 bytes)",
        "^[^\\u0000-\\u001f\\u007f-\\u009f.]+(\\.[^\\u0000-\\u001f\\u007f-\\u009f.]+)?$", LONGEST,
        |text| is_plain(text)
            && text.split('.').count() <= 2
            && text.split('.').all(|name| (1..=crate::json::Name::CAPACITY).contains(&name.len()));
}

impl BodyField {
    pub(crate) fn path(&self) -> FieldPath {
        let (key, inner) = self.0.split_once('.').map_or((&*self.0, None), |(key, inner)| (key, Some(inner)));
        FieldPath { key: key.to_owned(), inner: inner.map(str::to_owned) }
    }
}

fn is_printable(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

fn is_path_prefix(text: &str) -> bool {
    let Some(path) = text.strip_prefix('/') else { return false };
    path.split('/').all(|segment| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.~!$&'()*+,=:@-".contains(&byte))
    })
}

impl NamePattern {
    pub(crate) fn pattern(&self) -> Pattern {
        Pattern::new(&self.0)
    }
}

impl PlainPattern {
    pub(crate) fn pattern(&self) -> Pattern {
        Pattern::new(&self.0)
    }
}
