//! Yes-or-no facts: each is one line in the table here, and one file that says what its marks look like.
//!
//! The line gives the condition in policies with its description in the schema, and the capability that a model must
//! have to serve such requests. The file ([`Marks`]) gives the keys, members and types that set the flag.

mod audio;
mod cached;
mod found;
mod held;
mod images;
mod marks;
mod reasoning;
mod set;
mod stream;
mod structured_output;
mod tools;

use super::place::Place;
use super::value::Value;
use crate::api::Api;
use crate::json::Numeral;
use crate::policy::Capability;
use crate::reason::Reason;
pub(super) use found::Found;
use marks::Marks;
pub(super) use marks::{Keys, Says};
pub(crate) use set::FlagSet;

/// The table, for a macro that makes something of it. Conditions are tested, and capabilities asked for, in its order.
///
/// A line: what it says, its file, the flag, its condition in policies, the capability that it needs of a model.
macro_rules! flags {
    ($make:ident) => {
        $make! {
            /// Whether the answer is to be streamed.
            stream Stream "stream",
            /// Whether the request brings tools.
            tools Tools "tools" needs Tools,
            /// Whether the request brings images.
            images Images "images" needs Vision,
            /// Whether the request brings audio or asks for it.
            audio Audio "audio" needs Audio,
            /// Whether the answer must follow a JSON Schema.
            structured_output StructuredOutput "structuredOutput" needs StructuredOutput,
            /// Whether the request asks for reasoning.
            reasoning Reasoning "reasoning" needs Reasoning,
            /// Whether the request carries marks for the provider's prompt cache.
            cached Cached "cached",
            /// Whether the request refers to what one provider keeps: an earlier response, a conversation, a file.
            held Held "held",
        }
    };
}

macro_rules! declare {
    ($($(#[doc = $doc:literal])+ $file:ident $flag:ident $condition:literal $(needs $capability:ident)?,)+) => {
        /// A yes-or-no fact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Flag {
            $($(#[doc = $doc])+ $flag,)+
        }

        impl Flag {
            /// Every flag, in the order of the table.
            pub(crate) const ALL: &'static [Flag] = &[$(Flag::$flag),+];

            /// What a model must be able to do to serve a request with this flag, and why it is left out if it cannot.
            pub(crate) const fn need(self) -> Option<(Capability, Reason)> {
                match self { $(Flag::$flag => declare!(@need $($capability)?),)+ }
            }

            /// Its own keys at the top level.
            pub(super) const fn keys(self) -> Keys {
                match self { $(Flag::$flag => <$file::$flag as Marks>::KEYS,)+ }
            }

            /// Whether its marks stand inside of messages, parts and tools.
            pub(crate) const fn is_nested(self) -> bool {
                match self { $(Flag::$flag => <$file::$flag as Marks>::IS_NESTED,)+ }
            }

            /// What holds when a whole request has said nothing.
            pub(super) fn by_default(self, api: Api) -> bool {
                match self { $(Flag::$flag => <$file::$flag as Marks>::by_default(api),)+ }
            }

            /// The flags that every request of this API has.
            pub(super) fn of_api(api: Api) -> FlagSet {
                let mut set = FlagSet::default();
                $(if <$file::$flag as Marks>::of_api(api) {
                    set.insert(Flag::$flag);
                })+
                set
            }

            /// Its name in policies.
            pub(crate) const fn condition(self) -> &'static str {
                match self { $(Flag::$flag => $condition,)+ }
            }

            /// What the value of one of its keys says.
            pub(super) fn value(self, key: &str, value: Value) -> Says {
                match self { $(Flag::$flag => <$file::$flag as Marks>::value(key, value),)+ }
            }

            /// What a value inside of such a value says, by its key.
            pub(super) fn inside(self, key: &[u8], value: Value) -> Says {
                match self { $(Flag::$flag => <$file::$flag as Marks>::inside(key, value),)+ }
            }

            /// What a word says that was to be looked at.
            pub(super) fn word(self, word: &[u8]) -> Says {
                match self { $(Flag::$flag => <$file::$flag as Marks>::word(word),)+ }
            }

            /// What a number says that was to be looked at.
            pub(super) fn number(self, number: Numeral) -> Says {
                match self { $(Flag::$flag => <$file::$flag as Marks>::number(number),)+ }
            }

            /// What an object says at its end.
            pub(super) fn end(self, refused: bool, is_empty: bool) -> Says {
                match self { $(Flag::$flag => <$file::$flag as Marks>::end(refused, is_empty),)+ }
            }

            /// The flag that an element of this list sets.
            pub(super) fn of_element(list: Place) -> Option<Self> {
                $(if <$file::$flag as Marks>::element(list) {
                    return Some(Flag::$flag);
                })+
                None
            }

            /// The flags that a member sets by its key alone.
            pub(super) fn of_member(place: Place, key: &[u8]) -> FlagSet {
                let mut set = FlagSet::default();
                $(if <$file::$flag as Marks>::member(place, key) {
                    set.insert(Flag::$flag);
                })+
                set
            }

            /// The flag of a key among the settings of an API.
            pub(super) fn of_setting(key: &[u8]) -> Option<Self> {
                $(if <$file::$flag as Marks>::is_setting(key) {
                    return Some(Flag::$flag);
                })+
                None
            }

            /// The flag that a `type` sets.
            pub(super) fn of_kind(place: Place, kind: &[u8]) -> Option<Self> {
                $(if <$file::$flag as Marks>::kind(place, kind) {
                    return Some(Flag::$flag);
                })+
                None
            }
        }
    };
    (@need) => { None };
    (@need $capability:ident) => { Some((Capability::$capability, Reason::$capability)) };
}

flags!(declare);

pub(crate) use flags;
