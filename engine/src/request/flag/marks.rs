//! What a flag's file can say about its marks.

use crate::api::Api;
use crate::json::Numeral;
use crate::request::place::Place;
use crate::request::value::Value;

/// Top-level keys, and the APIs that have them.
pub(in crate::request) type Keys = &'static [(&'static str, &'static [Api])];

/// What a value says about a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::request) enum Says {
    Nothing,
    /// The flag is set, and stays so.
    Yes,
    /// This value does not ask for it. Another one may.
    No,
    /// The flag is not set, whatever else the body says.
    Never,
    /// That depends on its text, or on what is inside of it.
    Look,
    /// That depends on what is inside of it, and without a word about it the answer is no.
    Search,
    /// Neither yes nor no.
    Unreadable,
}

/// Everything that sets a flag. Words and nested keys come in lower case, as Go servers compare keys.
///
/// Only places that the policy needs are looked into. A value of a type that no server takes says nothing.
pub(super) trait Marks {
    /// The top-level keys that say this and nothing else. Keys that hold text are in the tables of the APIs.
    const KEYS: Keys = &[];

    /// Whether marks stand inside of messages, parts and tools: those are entered only for flags that say so.
    const IS_NESTED: bool = false;

    /// What holds when the request does not say.
    fn by_default(_api: Api) -> bool {
        false
    }

    /// Whether every request of this API has it, whatever it says.
    fn of_api(_api: Api) -> bool {
        false
    }

    /// What the value of one of the keys says. It is never `null`, which clients write for what they leave out.
    fn value(_key: &str, _value: Value) -> Says {
        Says::Nothing
    }

    /// What a value inside of such a value says: a member by its key, an element by an empty one.
    fn inside(_key: &[u8], _value: Value) -> Says {
        Says::Nothing
    }

    /// What a text says that [`Says::Look`] was the answer to. One that is too long to be a known word is some other.
    fn word(_word: &[u8]) -> Says {
        Says::Nothing
    }

    /// What a number says that [`Says::Look`] was the answer to.
    fn number(_number: Numeral) -> Says {
        Says::Nothing
    }

    /// What an object says at its end; `refused`: something in it has said no; `is_empty`: nothing is in it but `null`.
    fn end(_refused: bool, _is_empty: bool) -> Says {
        Says::Nothing
    }

    /// Whether every element of this list is a mark.
    fn element(_list: Place) -> bool {
        false
    }

    /// Whether a member is a mark by its key alone, if its value is a text, a list or an object. It is no input text then.
    fn member(_place: Place, _key: &[u8]) -> bool {
        false
    }

    /// Whether a key of an API's settings (Gemini's `generationConfig`, what Bedrock hands to the model) is one of the
    /// flag's: its value says what that of an empty key does.
    fn is_setting(_key: &[u8]) -> bool {
        false
    }

    /// Whether this `type` of a message, a part or a tool is a mark.
    fn kind(_place: Place, _kind: &[u8]) -> bool {
        false
    }
}
