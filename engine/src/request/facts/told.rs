//! The facts of a request as its record tells of them. What it does not tell is not known, and never will be.

use super::Bounds;
use crate::policy::{Policy, field_name};
use crate::record::{Facts, Hash, Record};
use crate::request::flag::Flag;
use crate::request::limit::Limit;
use crate::request::model::AskedModel;
use crate::request::session::FieldSlot;
use std::borrow::Cow;

/// What a record tells of a body, by the numbers that a policy has for things.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// `None` if it does not tell.
    asked: Option<Option<Box<str>>>,
    facts: Option<Box<Facts>>,
    keywords: Vec<Option<bool>>,
    fields: Vec<Option<Option<u64>>>,
    besides: Option<Vec<AskedModel>>,
}

impl Told {
    /// `asks` says whether the record tells of the model asked for.
    pub(crate) fn of(policy: &Policy, record: &Record, asks: bool) -> Self {
        let facts = record.facts.as_deref();
        let keywords = policy.keyword_hashes().iter();
        let keyword = |hash: &u64| facts?.keywords.get(&Hash(*hash)).copied();
        let session = policy.sought().session;
        let field = |name: Box<str>| Some(facts?.session_fields.get(&*name)?.map(|hash| hash.0));
        let besides = facts.map(|facts| facts.besides.iter());
        let named = |name: &str| AskedModel { name: name.to_owned(), ..AskedModel::default() };
        Self {
            asked: asks.then(|| record.asked.clone()),
            keywords: keywords.map(keyword).collect(),
            fields: session.iter().flat_map(|paths| paths.iter()).map(|path| field(field_name(path))).collect(),
            besides: besides.map(|names| names.map(|name| named(name)).collect()),
            facts: record.facts.clone(),
        }
    }

    pub(super) fn asked(&self) -> Option<Option<&str>> {
        self.asked.as_ref().map(|asked| asked.as_deref())
    }

    pub(super) fn besides(&self) -> Option<&[AskedModel]> {
        self.besides.as_deref()
    }

    pub(super) fn flag(&self, flag: Flag) -> Option<bool> {
        self.facts.as_ref()?.flags.get(flag.condition()).copied()
    }

    pub(super) fn is_unreadable(&self, condition: &str) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.unreadable.contains(&Cow::Borrowed(condition)))
    }

    pub(super) fn keyword(&self, keyword: usize) -> Option<bool> {
        self.keywords.get(keyword).copied().flatten()
    }

    pub(super) fn session(&self, FieldSlot(slot): FieldSlot) -> Option<Option<u64>> {
        self.fields.get(usize::from(slot)).copied().flatten()
    }

    pub(super) fn identity(&self) -> Option<u64> {
        self.facts.as_ref()?.conversation.map(|hash| hash.0)
    }

    pub(super) fn max_output_tokens(&self) -> Option<Limit> {
        let facts = self.facts.as_ref()?;
        Some(match facts.max_output_tokens {
            Some(tokens) => Limit::Tokens(tokens),
            None if self.is_unreadable("maxOutputTokens") => Limit::Unreadable,
            None => Limit::Open,
        })
    }

    pub(super) fn messages(&self) -> Bounds {
        Self::number(self.facts.as_ref().map(|facts| facts.messages))
    }

    pub(super) fn input_tokens(&self) -> Bounds {
        Self::number(self.facts.as_ref().map(|facts| facts.input_tokens))
    }

    fn number(number: Option<u64>) -> Bounds {
        number.map_or(Bounds { low: 0, high: u64::MAX }, |number| Bounds { low: number, high: number })
    }

    pub(super) fn is_complete(&self) -> bool {
        self.facts.is_some()
    }
}
