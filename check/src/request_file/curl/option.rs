//! The options of curl: those that say what is sent, and those that do not.

/// What an option says of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Url,
    Method,
    Header,
    /// The value of one header.
    Named(&'static str),
    Bearer,
    User,
    Data(Data),
    /// A part of a form. As a text, it names no files.
    Part {
        is_text: bool,
    },
    /// Data go into the query.
    Get,
    Head,
    /// Nothing.
    Ignored,
    /// Nothing, and it has a value.
    IgnoredValue,
}

/// How data are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// Of files, without line ends.
    Text,
    /// As it is written, whatever it begins with.
    Raw,
    Binary,
    Json,
}

impl Kind {
    pub(super) const fn takes_value(self) -> bool {
        !matches!(self, Self::Get | Self::Head | Self::Ignored)
    }
}

/// Long names, short ones, and what they say.
const OPTIONS: [(&str, Option<char>, Kind); 20] = [
    ("url", None, Kind::Url),
    ("request", Some('X'), Kind::Method),
    ("header", Some('H'), Kind::Header),
    ("data", Some('d'), Kind::Data(Data::Text)),
    ("data-ascii", None, Kind::Data(Data::Text)),
    ("data-raw", None, Kind::Data(Data::Raw)),
    ("data-binary", None, Kind::Data(Data::Binary)),
    ("json", None, Kind::Data(Data::Json)),
    ("form", Some('F'), Kind::Part { is_text: false }),
    ("form-string", None, Kind::Part { is_text: true }),
    ("user", Some('u'), Kind::User),
    ("oauth2-bearer", None, Kind::Bearer),
    ("user-agent", Some('A'), Kind::Named("user-agent")),
    ("referer", Some('e'), Kind::Named("referer")),
    ("cookie", Some('b'), Kind::Named("cookie")),
    ("get", Some('G'), Kind::Get),
    ("head", Some('I'), Kind::Head),
    ("help", Some('h'), Kind::Ignored),
    ("output", Some('o'), Kind::IgnoredValue),
    ("write-out", Some('w'), Kind::IgnoredValue),
];

/// Switches that change nothing in the request that a proxy sees.
const SWITCHES: [&str; 35] = [
    "anyauth",
    "basic",
    "compressed",
    "disable",
    "fail",
    "fail-early",
    "fail-with-body",
    "globoff",
    "http1.0",
    "http1.1",
    "http2",
    "http2-prior-knowledge",
    "http3",
    "http3-only",
    "include",
    "insecure",
    "ipv4",
    "ipv6",
    "location",
    "location-trusted",
    "no-buffer",
    "no-keepalive",
    "no-progress-meter",
    "parallel",
    "path-as-is",
    "progress-bar",
    "remote-header-name",
    "remote-name",
    "remote-time",
    "show-error",
    "show-headers",
    "silent",
    "ssl",
    "tlsv1.2",
    "verbose",
];

/// The short names of such switches.
const SHORT_SWITCHES: &str = "sSfikvLNg#0246OJRZq";

/// The same, with values.
const SETTINGS: [&str; 24] = [
    "cacert",
    "capath",
    "cert",
    "cert-type",
    "ciphers",
    "connect-timeout",
    "connect-to",
    "cookie-jar",
    "dump-header",
    "interface",
    "keepalive-time",
    "key",
    "limit-rate",
    "max-redirs",
    "max-time",
    "noproxy",
    "proxy",
    "resolve",
    "retry",
    "retry-delay",
    "retry-max-time",
    "stderr",
    "trace",
    "unix-socket",
];

/// The short names of such settings.
const SHORT_SETTINGS: &str = "EcDmxyY";

pub(super) fn long(name: &str) -> Option<Kind> {
    let known = OPTIONS.iter().find(|(known, ..)| *known == name).map(|(.., kind)| *kind);
    let switch =
        (SWITCHES.contains(&name) || name == "retry-all-errors" || name == "no-clobber").then_some(Kind::Ignored);
    let setting = SETTINGS.contains(&name).then_some(Kind::IgnoredValue);
    known.or(switch).or(setting)
}

pub(super) fn short(letter: char) -> Option<Kind> {
    let known = OPTIONS.iter().find(|(_, known, _)| *known == Some(letter)).map(|(.., kind)| *kind);
    let switch = SHORT_SWITCHES.contains(letter).then_some(Kind::Ignored);
    let setting = SHORT_SETTINGS.contains(letter).then_some(Kind::IgnoredValue);
    known.or(switch).or(setting)
}
