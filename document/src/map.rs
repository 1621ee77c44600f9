//! Objects with keys of the operator's choice.

use crate::members::report_duplicates;
use crate::read::{Read, wrong_type};
use crate::{Definitions, Document, Path, Report};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The same as a map: of keys that are given twice, the last counts.
impl<V: Read> Read for BTreeMap<String, V> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        Map::<String, V>::read(document, at, report).0.into_iter().collect()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        Map::<String, V>::schema(definitions)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// An object with keys of the operator's choice.
#[derive(Clone, Debug)]
pub struct Map<K, V>(pub Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Read, V: Read> Read for Map<K, V> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let Document::Object(members) = document else { return wrong_type("an object", document, at, report) };
        report_duplicates(members, at, report);
        let mut read = Vec::with_capacity(members.len());
        for (key, value) in members {
            let at = at.key(key);
            read.push((K::read(&Document::String(key.clone()), &at, report), V::read(value, &at, report)));
        }
        Self(read)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "object", "propertyNames": K::schema(definitions), "additionalProperties": V::schema(definitions) })
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}
