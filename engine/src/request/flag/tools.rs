//! The request brings tools: an element in `tools`, `functions`, `plugins` or `mcp_servers`, or a search that the server
//! is to make.
//!
//! `docs/spellings.md` says which server documents which spelling.

use super::marks::{Keys, Marks, Says};
use crate::api::Api;
use crate::request::place::Place;
use crate::request::value::Value;

pub(super) struct Tools;

impl Marks for Tools {
    const KEYS: Keys = &[
        ("web_search_options", Api::GENERATING),
        ("enable_search", Api::GENERATING),
        ("search_parameters", Api::GENERATING),
    ];

    fn value(_: &str, value: Value) -> Says {
        match value {
            Value::Object | Value::Text => Says::Look,
            Value::True => Says::Yes,
            _ => Says::Nothing,
        }
    }

    fn inside(key: &[u8], value: Value) -> Says {
        if (key, value) == (b"mode", Value::Text) { Says::Look } else { Says::Nothing }
    }

    fn word(word: &[u8]) -> Says {
        match word {
            b"off" => Says::No,
            _ if word.eq_ignore_ascii_case(b"true") => Says::Yes,
            _ => Says::Nothing,
        }
    }

    /// OpenAI searches the web for an empty object, too.
    fn end(refused: bool, _: bool) -> Says {
        if refused { Says::No } else { Says::Yes }
    }

    fn element(list: Place) -> bool {
        list == Place::Tools
    }
}
