//! What went wrong, in one vocabulary for all APIs.

use super::word::Word;

/// What an error in an answer says. Where it says several things (a type and a code), the last in this order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// Whatever has no name here.
    Other,
    /// The server failed.
    Server,
    /// The request is not what the server takes.
    InvalidRequest,
    /// The caller is unknown.
    Authentication,
    /// The caller may not.
    Permission,
    /// The model, or something else that was named, is not there.
    NotFound,
    /// It took too long.
    Timeout,
    /// The caller has used up what it may use.
    RateLimited,
    /// The server has too much to do.
    Overloaded,
    /// Something was not to be said.
    ContentFilter,
}

/// The words of all APIs.
const WORDS: &[(&str, Failure)] = &[
    ("server_error", Failure::Server),
    ("api_error", Failure::Server),
    ("internal_error", Failure::Server),
    ("internal_server_error", Failure::Server),
    ("internal", Failure::Server),
    ("invalid_request_error", Failure::InvalidRequest),
    ("request_too_large", Failure::InvalidRequest),
    ("context_length_exceeded", Failure::InvalidRequest),
    ("invalid_prompt", Failure::InvalidRequest),
    ("invalid_argument", Failure::InvalidRequest),
    ("failed_precondition", Failure::InvalidRequest),
    ("authentication_error", Failure::Authentication),
    ("invalid_api_key", Failure::Authentication),
    ("unauthenticated", Failure::Authentication),
    ("permission_error", Failure::Permission),
    ("permission_denied", Failure::Permission),
    ("not_found_error", Failure::NotFound),
    ("not_found", Failure::NotFound),
    ("model_not_found", Failure::NotFound),
    ("timeout_error", Failure::Timeout),
    ("timeout", Failure::Timeout),
    ("deadline_exceeded", Failure::Timeout),
    ("rate_limit_error", Failure::RateLimited),
    ("rate_limit_exceeded", Failure::RateLimited),
    ("insufficient_quota", Failure::RateLimited),
    ("resource_exhausted", Failure::RateLimited),
    ("overloaded_error", Failure::Overloaded),
    ("unavailable", Failure::Overloaded),
    ("service_unavailable", Failure::Overloaded),
    ("content_filter", Failure::ContentFilter),
    ("content_policy_violation", Failure::ContentFilter),
];

impl Failure {
    /// Every failure.
    pub const ALL: &'static [Self] = &[
        Self::Other,
        Self::Server,
        Self::InvalidRequest,
        Self::Authentication,
        Self::Permission,
        Self::NotFound,
        Self::Timeout,
        Self::RateLimited,
        Self::Overloaded,
        Self::ContentFilter,
    ];

    /// The word in records and labels.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Server => "server",
            Self::InvalidRequest => "invalidRequest",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "notFound",
            Self::Timeout => "timeout",
            Self::RateLimited => "rateLimited",
            Self::Overloaded => "overloaded",
            Self::ContentFilter => "contentFilter",
        }
    }

    /// What a type or a code means.
    pub(super) fn of(word: &Word) -> Self {
        WORDS.iter().find(|(known, _)| word.is(known)).map_or(Self::Other, |(_, failure)| *failure)
    }

    /// What a number means that looks like a status.
    pub(super) const fn of_status(status: u64) -> Self {
        match status {
            400 | 413 | 422 => Self::InvalidRequest,
            401 => Self::Authentication,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            429 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            500..=599 => Self::Server,
            _ => Self::Other,
        }
    }
}
