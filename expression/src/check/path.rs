//! What a name stands for.

use super::Checker;
use crate::environment::Variable;
use crate::error::{ExpressionErrorKind as Kind, What};
use crate::syntax::{Syntax, Term};
use pointsman_document::suggest::nearest;

/// What a chain of names stands for.
pub(super) enum Named {
    /// What a macro is at.
    Local(usize),
    /// Several variables.
    Group(String),
    /// A variable, and the entry of it.
    Variable(usize, Vec<String>),
    /// Something inside of a value that is evaluated first.
    Value,
}

pub(super) fn full_name(variable: &Variable) -> String {
    let dot = if variable.group.is_empty() { "" } else { "." };
    format!("{}{dot}{}", variable.group, variable.name)
}

impl Checker<'_> {
    pub(super) fn resolve(&mut self, term: &Term) -> Option<Named> {
        let (of, name) = match &term.syntax {
            Syntax::Name(name) => return self.root(term.offset, name),
            Syntax::Select(of, name) => (of, Some(name)),
            Syntax::Index(of, key) => match &key.syntax {
                Syntax::Text(name) => (of, Some(name)),
                _ => (of, None),
            },
            _ => return Some(Named::Value),
        };
        match (self.resolve(of)?, name) {
            (Named::Group(group), Some(name)) => self.field(term.offset, &group, name),
            (Named::Variable(variable, mut entry), Some(name)) if self.leads_on(variable, &entry) => {
                entry.push(name.clone());
                Some(Named::Variable(variable, entry))
            }
            _ => Some(Named::Value),
        }
    }

    /// Whether a name behind it names an entry.
    fn leads_on(&self, variable: usize, entry: &[String]) -> bool {
        self.variables.get(variable).is_some_and(|variable| match variable.kind {
            crate::environment::Kind::Texts { .. } => entry.is_empty(),
            crate::environment::Kind::Values { .. } => true,
            _ => false,
        })
    }

    fn root(&mut self, offset: usize, name: &str) -> Option<Named> {
        // The innermost macro's name hides all others.
        if let Some(local) = self.locals.iter().rposition(|local| local.name == name) {
            return Some(Named::Local(local));
        }
        if let Some(variable) = self.find("", name) {
            return Some(Named::Variable(variable, Vec::new()));
        }
        if self.variables.iter().any(|variable| variable.group == name) {
            return Some(Named::Group(name.to_owned()));
        }
        let roots = self.variables.iter().map(|variable| match variable.group {
            "" => variable.name,
            group => group,
        });
        let known = self.locals.iter().map(|local| &*local.name).chain(roots);
        let near = nearest(name, known).map(str::to_owned);
        // A field without its group is the more frequent mistake.
        let field = || self.variables.iter().find(|variable| variable.name == name).map(full_name);
        let suggestion = near.or_else(field);
        self.fail(offset, Kind::NoSuch { what: What::Variable, name: name.to_owned(), suggestion })
    }

    fn field(&mut self, offset: usize, group: &str, name: &str) -> Option<Named> {
        if let Some(variable) = self.find(group, name) {
            return Some(Named::Variable(variable, Vec::new()));
        }
        let fields = self.variables.iter().filter(|variable| variable.group == group).map(|variable| variable.name);
        let suggestion = nearest(name, fields).map(|name| format!("{group}.{name}"));
        self.fail(offset, Kind::NoSuch { what: What::Field, name: format!("{group}.{name}"), suggestion })
    }

    fn find(&self, group: &str, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.group == group && variable.name == name)
    }
}
