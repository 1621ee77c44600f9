//! Where the members stand that a policy changes: the keys that it names, at the top level and one object below, and with a
//! cap on output the keys that limit it.
//!
//! Nobody looks for them where no model of the policy and no tenant's cap has anything to change at this API. So nothing of
//! this is inlined into the reader, whose loops are for everybody.

use super::limit;
use super::session::FieldPath;
use crate::json::{Container, Name, Numeral};
use crate::reason::Reason;
use std::sync::Arc;

/// A field that is watched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) path: FieldPath,
    /// Its names as the most forgiving server reads them.
    key: Box<[u8]>,
    inner: Option<Box<[u8]>>,
}

impl Watched {
    pub(crate) fn new(path: FieldPath) -> Self {
        let folded = |text: &str| {
            let mut name = Name::new();
            name.push(text.as_bytes());
            name.folded().to_ascii_lowercase().into()
        };
        Self { key: folded(&path.key), inner: path.inner.as_deref().map(folded), path }
    }
}

/// What is watched for.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) fields: Arc<[Watched]>,
    /// Whether output limits are, in all spellings.
    pub(crate) limits: bool,
}

/// From the first byte to the one behind the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    fn new(start: u64, end: u64) -> Self {
        // An offset that memory cannot have fails at the host, and the request with it.
        let offset = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
        Self { start: offset(start), end: offset(end) }
    }
}

/// A member that is watched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: Box<str>,
    /// The member whose object it stands in, if that is not the body.
    pub(crate) outer: Option<usize>,
    /// Whether it limits the output.
    pub(crate) is_limit: bool,
    pub(crate) key: Span,
    pub(crate) value: Span,
    /// The end of the member in front of it.
    pub(crate) before: Option<usize>,
    /// The beginning of the one behind it.
    pub(crate) behind: Option<usize>,
    pub(crate) says: Says,
}

/// What the value of a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Null,
    Bool(bool),
    /// A number, or a text that spells one.
    Number(Numeral),
    Object(Inside),
    Other,
}

/// The inside of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inside {
    /// The first byte behind its brace.
    pub(crate) start: usize,
    /// How many members it has.
    pub(crate) members: usize,
}

/// An object whose keys are looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    inside: Inside,
    /// The member whose object it is.
    outer: Option<usize>,
    /// Where the key in progress begins.
    key: u64,
    /// Where the last member ends.
    end: Option<u64>,
    /// The member in progress, if it is watched for.
    current: Option<usize>,
    /// The last member, if it was.
    last: Option<usize>,
    /// Where its value begins.
    value: u64,
}

/// The members as they pass.
#[derive(Debug)]
pub(crate) struct Members {
    watch: Watch,
    all: Vec<Member>,
    depth: usize,
    top: Level,
    /// The object below, where its keys are looked at.
    nested: Option<Level>,
    /// Why two servers could read them differently. It matters only if something is changed: a request to a model that
    /// changes nothing may have gone on long before this is seen.
    fault: Option<Reason>,
}

/// What stands at a key besides its name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meaning {
    pub(super) is_limit: bool,
    /// It may hold a limit.
    pub(super) holds_limits: bool,
}

impl Members {
    pub(super) fn new(watch: Watch) -> Self {
        Self { watch, all: Vec::new(), depth: 0, top: Level::default(), nested: None, fault: None }
    }

    /// Those that stand in the body, in its order.
    pub(crate) fn all(&self) -> &[Member] {
        &self.all
    }

    /// Why they are not to be changed.
    pub(crate) fn fault(&self) -> Option<Reason> {
        self.fault
    }

    /// The inside of the body.
    pub(crate) fn inside(&self) -> Inside {
        self.top.inside
    }

    fn level(&mut self) -> Option<&mut Level> {
        match self.depth {
            1 => Some(&mut self.top),
            2 => self.nested.as_mut(),
            _ => None,
        }
    }

    /// Whether keys are looked at where the reader stands.
    pub(super) fn looks_at_keys(&self) -> bool {
        self.depth == 1 || (self.depth == 2 && self.nested.is_some())
    }

    /// Whether the value that begins is looked at.
    #[inline(never)]
    pub(super) fn looks_at_value(&mut self) -> bool {
        self.level().is_some_and(|level| level.current.is_some())
    }

    #[inline(never)]
    pub(super) fn begin(&mut self, container: Container, inside: u64) {
        self.begin_value(inside.saturating_sub(1));
        let inside = Inside { start: Span::new(inside, inside).start, members: 0 };
        self.depth += 1;
        match self.depth {
            1 => self.top.inside = inside,
            2 => {
                let outer = self.top.current.filter(|_| container == Container::Object);
                self.nested = outer.map(|outer| Level { inside, outer: Some(outer), ..Level::default() });
            }
            _ => {}
        }
    }

    #[inline(never)]
    pub(super) fn end(&mut self, end: u64) {
        let mut says = Says::Other;
        if self.depth == 2
            && let Some(level) = self.nested.take()
        {
            says = Says::Object(level.inside);
        }
        self.depth = self.depth.saturating_sub(1);
        self.end_value(end, says);
    }

    #[inline(never)]
    pub(super) fn begin_key(&mut self, at: u64) {
        let Some(level) = self.level() else { return };
        level.key = at;
        let last = level.last.take();
        if let Some(member) = last.and_then(|last| self.all.get_mut(last)) {
            member.behind = Some(Span::new(at, at).start);
        }
    }

    /// The key in progress is complete.
    #[inline(never)]
    pub(super) fn end_key(&mut self, name: &Name, end: u64, meaning: Meaning) {
        let limits = self.watch.limits;
        let Some(level) = self.level() else { return };
        level.inside.members += 1;
        level.current = None;
        let level = *level;
        let is_limit = limits && meaning.is_limit;
        let holds_limits = limits && meaning.holds_limits;
        if self.fault.is_some() || !(self.is_watched(name, level.outer) || is_limit || holds_limits) {
            return;
        }
        let key = std::str::from_utf8(name.as_bytes()).unwrap_or_default();
        // A limit below the top level is known in any case.
        if is_limit && level.outer.is_some() && !limit::NESTED.contains(&key) {
            self.fault = Some(Reason::ParameterCase);
        } else if self.all.iter().any(|other| other.outer == level.outer && *other.name == *key) {
            self.fault = Some(Reason::RepeatedParameter);
        }
        if self.fault.is_some() {
            return;
        }
        let member = Member {
            name: key.into(),
            outer: level.outer,
            is_limit,
            key: Span::new(level.key, end),
            value: Span::default(),
            before: level.end.map(|end| Span::new(end, end).end),
            behind: None,
            says: Says::Other,
        };
        let place = self.all.len();
        self.all.push(member);
        if let Some(level) = self.level() {
            level.current = Some(place);
        }
    }

    /// Whether a key is a field's, or that of its object. One that some server takes for it is a fault.
    #[inline(never)]
    fn is_watched(&mut self, name: &Name, outer: Option<usize>) -> bool {
        let outer = outer.and_then(|outer| self.all.get(outer)).map(|outer| &*outer.name);
        let (bytes, folded) = (name.as_bytes(), name.folded());
        let mut is_alike = false;
        for watched in self.watch.fields.iter() {
            let (text, known) = match (outer, &watched.path.inner, &watched.inner) {
                (None, ..) => (watched.path.key.as_str(), &watched.key),
                (Some(outer), Some(inner), Some(folded)) if watched.path.key == *outer => (inner.as_str(), folded),
                _ => continue,
            };
            if text.as_bytes() == bytes {
                return true;
            }
            is_alike |= !known.is_empty() && known.eq_ignore_ascii_case(folded);
        }
        if is_alike {
            self.fault = Some(Reason::ParameterCase);
        }
        false
    }

    #[inline(never)]
    pub(super) fn begin_value(&mut self, at: u64) {
        if let Some(level) = self.level() {
            level.value = at;
        }
    }

    /// A value is complete.
    #[inline(never)]
    pub(super) fn end_value(&mut self, end: u64, says: Says) {
        let Some(level) = self.level() else { return };
        level.end = Some(end);
        let (start, current) = (level.value, level.current.take());
        level.last = current;
        if let Some(member) = current.and_then(|current| self.all.get_mut(current)) {
            (member.value, member.says) = (Span::new(start, end), says);
        }
    }
}
