//! What a decision was made of, for a record that it can be taken from again, under another policy: `record: facts`.
//!
//! No prompt and no key is in it: numbers, yes and no, hashes, and of a header the value where that stands in the policy.

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// What a request was, as far as a policy can look at it. What is not in it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The path, without its query. Not of one that is longer than 256 bytes, or no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Box<str>>,
    /// The bytes of the body.
    pub bytes: u64,
    /// Whether the policy had tenants, and the caller was none of them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nobody: bool,
    /// The headers that the policy looks at.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub headers: Pairs<Box<str>, HeaderFact>,
    /// The estimate.
    pub input_tokens: u64,
    /// How many messages there are.
    pub messages: u64,
    /// The most output that the client wants, if it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// Yes and no, by the names that conditions have.
    pub flags: Pairs<Cow<'static, str>, bool>,
    /// Conditions of which the body says something that is no such value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Cow<'static, str>>,
    /// Hashes of the policy's keywords, and whether each occurs.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub keywords: Pairs<Hash, bool>,
    /// The models that the body names besides the one asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub besides: Vec<Box<str>>,
    /// What the conversation begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Hash>,
    /// The session that a known client has named in a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_session: Option<Hash>,
    /// The fields that name a session, and what each says, if anything.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub session_fields: Pairs<Box<str>, Option<Hash>>,
}

/// What is kept of a header. One that has nothing was not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderFact {
    /// The value, where the policy compares the header with just that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<str>>,
    /// The hash of any other value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// The prefixes (`^a`) and regular expressions (`~a.*`) of the policy that such a value has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Box<str>>,
    /// And those that it has not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fails: Vec<Box<str>>,
}

/// A few values by name, as a JSON object. A map would sort them, which nobody needs, and each kind of map is code in the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs<K, V>(pub Vec<(K, V)>);

impl<K, V> Default for Pairs<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Pairs<K, V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of that name.
    pub fn get<Q: PartialEq + ?Sized>(&self, name: &Q) -> Option<&V>
    where
        K: AsRef<Q>,
    {
        self.0.iter().find(|(known, _)| known.as_ref() == name).map(|(_, value)| value)
    }
}

impl<K, V> FromIterator<(K, V)> for Pairs<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<K: Serialize, V: Serialize> Serialize for Pairs<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// Takes the members of an object.
struct Members<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Members<K, V> {
    type Value = Pairs<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = members.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

/// A hash of 64 bits, written as 16 digits: numbers of JSON do not all have as many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash(pub u64);

impl AsRef<Hash> for Hash {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = Cow::<str>::deserialize(deserializer)?;
        u64::from_str_radix(&digits, 16).map(Self).map_err(|_| de::Error::custom("expected 16 hexadecimal digits"))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}
