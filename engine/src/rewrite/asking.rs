//! The question for what a stream takes, put to a provider whose client does not ask: `stream_options.include_usage`.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create#chat_create-stream_options>

use super::parameters::Changes;
use crate::policy::{Becomes, Parameter};
use crate::request::members::{Members, Says};
use crate::request::session::FieldPath;

/// Whether the answer is to be streamed.
pub(crate) fn stream() -> FieldPath {
    FieldPath { key: "stream".to_owned(), inner: None }
}

/// Whether the stream is to tell what it took.
pub(crate) fn include_usage() -> FieldPath {
    FieldPath { inner: Some("include_usage".to_owned()), ..options() }
}

fn options() -> FieldPath {
    FieldPath { key: "stream_options".to_owned(), inner: None }
}

/// Whether a model's provider is asked in place of the client.
pub(crate) fn is_asked(members: &Members, parameters: &[&Parameter]) -> bool {
    Changes::new(members, parameters, None).ask_for_usage(parameters)
}

impl Changes<'_> {
    /// Asks, unless the client does, or nothing is streamed. Whether it has been asked.
    ///
    /// What two servers could read differently is left as it is, and so is what the policy itself has made of the field: where it
    /// is dropped, the provider does not know it.
    #[inline(never)]
    pub(crate) fn ask_for_usage(&mut self, parameters: &[&Parameter]) -> bool {
        let (options, usage) = (options(), include_usage());
        let is_ours = |path: &FieldPath| *path == options || *path == usage;
        let is_changed =
            |parameter: &&Parameter| is_ours(&parameter.path) && !matches!(parameter.becomes, Becomes::Bound { .. });
        if self.members().fault().is_some()
            || self.says(&stream()) != Some(Says::Bool(true))
            || parameters.iter().any(is_changed)
            || self.adds(is_ours)
            || !matches!(self.says(&options), None | Some(Says::Null | Says::Object(_)))
            || !matches!(self.says(&usage), None | Some(Says::Null | Says::Bool(false)))
        {
            return false;
        }
        self.say(&usage, "true".to_owned());
        true
    }
}
