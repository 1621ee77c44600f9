//! How a request ended, and what its answer said of itself.

use crate::response::usage::{Failure, Finish, Reading, Unread, Usage};
use pointsman_document::{Named, names};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;

names! {
    /// What became of a request in the end.
    pub enum Outcome {
        /// A model answered.
        Served => "served",
        /// Its provider refused the request: a status of 400 to 499 but 429.
        ClientError => "clientError",
        /// Its provider failed: 429, 500 and above, or an error inside of an answer.
        ProviderError => "providerError",
        /// No provider answered, the proxy did.
        ProxyError => "proxyError",
        /// The answer ended early: the client has gone, or the provider.
        Abandoned => "abandoned",
        /// The policy refused it.
        Deny => "deny",
        /// Let through unread.
        Pass => "pass",
        /// Answered with the list of models.
        Models => "models",
    }
}

impl Outcome {
    const ALL: [Self; 8] = [
        Self::Served,
        Self::ClientError,
        Self::ProviderError,
        Self::ProxyError,
        Self::Abandoned,
        Self::Deny,
        Self::Pass,
        Self::Models,
    ];

    fn code(self) -> &'static str {
        self.name()
    }
}

/// Values that are written as their codes.
macro_rules! coded {
    ($($coded:ident),+) => {$(
        impl Serialize for $coded {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> Deserialize<'de> for $coded {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = Cow::<str>::deserialize(deserializer)?;
                let known = Self::ALL.iter().find(|known| known.code() == code);
                known.copied().ok_or_else(|| de::Error::custom(format_args!("unknown code `{code}`")))
            }
        }
    )+};
}

coded!(Outcome, Unread, Finish, Failure);

/// The part of a record that is known when the answer has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// What became of the request.
    pub outcome: Outcome,
    /// The status that the client got; none if it got none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How long the first token took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// How long each token after the first took, on average, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_output_token_micros: Option<u64>,
    /// The tokens, as the provider counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Unread>,
    /// How many tokens of output there may have been, where they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_output: Option<u64>,
    /// What they cost, in millionths of the policy's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    /// Why the model stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// What the provider calls the model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<str>>,
    /// What went wrong, where the answer is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

impl Ending {
    /// What every ending has.
    pub(crate) fn new(outcome: Outcome, duration_ms: u64) -> Self {
        Self {
            outcome,
            status: None,
            duration_ms,
            first_token_ms: None,
            per_output_token_micros: None,
            usage: None,
            unknown: None,
            estimated_output: None,
            cost_micros: None,
            finish: None,
            model: None,
            error: None,
        }
    }

    /// What the answer said of itself.
    pub(crate) fn learn(&mut self, reading: Reading) {
        let estimated_output = reading.estimated_output();
        match reading.usage {
            Ok(usage) => self.usage = Some(usage),
            Err(why) => {
                self.unknown = Some(why);
                self.estimated_output = Some(estimated_output).filter(|tokens| *tokens > 0);
            }
        }
        self.finish = reading.finish;
        self.model = reading.model.map(Into::into);
        self.error = reading.error;
    }
}
