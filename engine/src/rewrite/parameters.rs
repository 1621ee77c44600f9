//! What a model and a tenant's cap change of a body's members, as splices.
//!
//! In this order: what is dropped, what is renamed, then under the final names what is missing and what is capped. The
//! tenant's cap comes last and holds for every spelling of an output limit.

use crate::json::Numeral;
use crate::policy::{Becomes, Parameter, written};
use crate::request::limit::{self, Spelling};
use crate::request::members::{Inside, Member, Members, Says, Span};
use crate::request::session::FieldPath;
use crate::splice::{KEY, Place, Replaced, Splice, quoted};
use pointsman_document::order;

/// The most that a tenant's answers may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputCap {
    pub(crate) tokens: u64,
    /// Where servers look for it; none where that depends on the model.
    pub(crate) own: &'static [Spelling],
}

/// The members of a body, and what shall become of them.
pub(crate) struct Changes<'a> {
    members: &'a Members,
    /// Of each member, in the same order.
    fates: Vec<Fate<'a>>,
    /// What is put in: a field, and its value as JSON.
    added: Vec<(FieldPath, String)>,
}

/// What becomes of a member.
#[derive(Clone, Debug, Default)]
struct Fate<'a> {
    is_dropped: bool,
    name: Option<&'a str>,
    value: Option<String>,
}

#[inline(never)]
fn field((key, inner): Spelling) -> FieldPath {
    FieldPath { key: key.to_owned(), inner: inner.map(str::to_owned) }
}

/// What a field is called at this model; `None` where it is dropped.
#[inline(never)]
fn called(parameters: &[&Parameter], spelling: Spelling) -> Option<FieldPath> {
    let path = field(spelling);
    match parameters.iter().find(|parameter| parameter.path == path).map(|parameter| &parameter.becomes) {
        Some(Becomes::Renamed(to)) => Some(to.clone()),
        Some(Becomes::Nothing) => None,
        Some(Becomes::Bound { .. }) | None => Some(path),
    }
}

/// Whether a value is a number up to a cap. For an output limit, 0 is none: to some servers it stands for no limit.
#[inline(never)]
fn is_within(says: Says, cap: u64, is_limit: bool) -> bool {
    match says {
        Says::Number(Numeral::Whole(0)) => !is_limit,
        Says::Number(Numeral::Whole(number)) => number <= cap,
        Says::Number(Numeral::Fraction(below)) => below < cap,
        _ => false,
    }
}

/// Whether a text is such a number.
fn is_text_within(json: &str, cap: u64) -> bool {
    Numeral::of_text(json.as_bytes()).is_some_and(|number| is_within(Says::Number(number), cap, true))
}

impl<'a> Changes<'a> {
    /// What these parameters, and the cap of the caller's tenant, make of a body.
    #[inline(never)]
    pub(crate) fn new(members: &'a Members, parameters: &'a [&'a Parameter], cap: Option<&OutputCap>) -> Self {
        let fates = vec![Fate::default(); members.all().len()];
        let mut changes = Self { members, fates, added: Vec::new() };
        changes.drop_and_rename(parameters);
        for parameter in parameters {
            if let Becomes::Bound { cap, default } = &parameter.becomes {
                changes.bind(&parameter.path, *cap, default.as_deref());
            }
        }
        if let Some(cap) = cap {
            changes.cap_output(parameters, cap);
        }
        changes
    }

    /// Each member that is still there, with its place, and what becomes of it.
    fn live(&self) -> impl Iterator<Item = (usize, &'a Member, &Fate<'a>)> {
        self.members.all().iter().zip(&self.fates).enumerate().filter_map(|(place, (member, fate))| {
            let is_there =
                |outer: usize| self.fates.get(outer).is_none_or(|outer| !outer.is_dropped && outer.value.is_none());
            (!fate.is_dropped && member.outer.is_none_or(is_there)).then_some((place, member, fate))
        })
    }

    #[inline(never)]
    fn find(&self, path: &FieldPath) -> Option<usize> {
        let found = self.live().find(|(_, member, fate)| self.path(member, fate).is_some_and(|own| own == *path));
        found.map(|(place, ..)| place)
    }

    #[inline(never)]
    fn drop_and_rename(&mut self, parameters: &'a [&'a Parameter]) {
        for place in 0..self.fates.len() {
            let Some(member) = self.members.all().get(place) else { continue };
            let path = self.path(member, &Fate::default());
            let own = parameters.iter().find(|own| path.as_ref() == Some(&own.path));
            let (is_dropped, name) = match own.map(|own| &own.becomes) {
                Some(Becomes::Nothing) => (true, None),
                Some(Becomes::Renamed(to)) => match self.find(to) {
                    // `null` says nothing: it makes room.
                    Some(there) if self.is_null(there) => {
                        self.change(there, |fate| fate.is_dropped = true);
                        (false, Some(to))
                    }
                    Some(_) => (true, None),
                    None => (false, Some(to)),
                },
                _ => continue,
            };
            let name = name.map(|to| to.inner.as_deref().unwrap_or(&to.key));
            self.change(place, |fate| (fate.is_dropped, fate.name) = (is_dropped, name));
        }
    }

    fn is_null(&self, place: usize) -> bool {
        let is_new = self.fates.get(place).is_some_and(|fate| fate.value.is_some());
        !is_new && self.members.all().get(place).is_some_and(|member| member.says == Says::Null)
    }

    fn change(&mut self, place: usize, change: impl FnOnce(&mut Fate<'a>)) {
        if let Some(fate) = self.fates.get_mut(place) {
            change(fate);
        }
    }

    /// A field's cap, and what it is where the client says nothing.
    #[inline(never)]
    fn bind(&mut self, path: &FieldPath, cap: Option<u64>, default: Option<&str>) {
        let Some(place) = self.find(path) else {
            self.added.extend(default.map(|default| (path.clone(), default.to_owned())));
            return;
        };
        let Some(member) = self.members.all().get(place) else { return };
        let is_limit = limit::is_limit(&path.key, path.inner.as_deref());
        let value = match cap {
            _ if self.is_null(place) => default.map(str::to_owned),
            Some(cap) if !is_within(member.says, cap, is_limit) => Some(cap.to_string()),
            _ => None,
        };
        self.change(place, |fate| fate.value = value);
    }

    /// The tenant's cap, over whatever limits the output.
    #[inline(never)]
    fn cap_output(&mut self, parameters: &[&Parameter], cap: &OutputCap) {
        let own: Vec<FieldPath> = cap.own.iter().filter_map(|spelling| called(parameters, *spelling)).collect();
        let mut is_limited = false;
        for place in 0..self.fates.len() {
            let Some((member, path)) = self
                .live()
                .find(|(live, ..)| *live == place)
                .and_then(|(_, member, fate)| Some((member, self.path(member, fate)?)))
            else {
                continue;
            };
            let is_limit = member.is_limit || limit::is_limit(&path.key, path.inner.as_deref());
            if !is_limit && !own.contains(&path) || self.is_null(place) {
                continue;
            }
            is_limited |= cap.own.is_empty() || own.contains(&path);
            let is_fine = match self.fates.get(place).and_then(|fate| fate.value.as_deref()) {
                Some(value) => is_text_within(value, cap.tokens),
                None => is_within(member.says, cap.tokens, true),
            };
            if !is_fine {
                self.change(place, |fate| fate.value = Some(cap.tokens.to_string()));
            }
        }
        for (path, value) in &mut self.added {
            if own.contains(path) || limit::is_limit(&path.key, path.inner.as_deref()) {
                is_limited |= own.contains(path);
                if !is_text_within(value, cap.tokens) {
                    *value = cap.tokens.to_string();
                }
            }
        }
        let is_there = |own: &&FieldPath| {
            own.inner.is_some() && self.find(&FieldPath { key: own.key.clone(), inner: None }).is_some()
        };
        let first = cap.own.first().map(|first| field(*first));
        if let Some(path) = own.iter().find(is_there).or(own.first()).or(first.as_ref()).filter(|_| !is_limited) {
            self.say(path, cap.tokens.to_string());
        }
    }

    /// What a member is, or has become.
    #[inline(never)]
    fn path(&self, member: &Member, fate: &Fate<'_>) -> Option<FieldPath> {
        let name = fate.name.unwrap_or(&member.name).to_owned();
        Some(match member.outer {
            None => FieldPath { key: name, inner: None },
            Some(outer) => FieldPath { key: (*self.members.all().get(outer)?.name).to_owned(), inner: Some(name) },
        })
    }

    /// The body's members.
    pub(super) fn members(&self) -> &'a Members {
        self.members
    }

    /// Whether such a field is put in.
    pub(super) fn adds(&self, is_it: impl Fn(&FieldPath) -> bool) -> bool {
        self.added.iter().any(|(path, _)| is_it(path))
    }

    /// What a field says by the time that it is sent, if it is there. What has been given a value says that and no more.
    pub(super) fn says(&self, path: &FieldPath) -> Option<Says> {
        let place = self.find(path)?;
        let is_new = self.fates.get(place).is_some_and(|fate| fate.value.is_some());
        self.members.all().get(place).map(|member| if is_new { Says::Other } else { member.says })
    }

    /// Gives a field a value, whether it is there or not.
    #[inline(never)]
    pub(super) fn say(&mut self, path: &FieldPath, value: String) {
        match self.find(path) {
            Some(place) => self.change(place, |fate| fate.value = Some(value)),
            None => self.added.push((path.clone(), value)),
        }
    }

    /// The names of what changes: as the client wrote them, and then what is put in.
    #[inline(never)]
    pub(crate) fn names(&self) -> Vec<Box<str>> {
        let changed = |fate: &Fate<'_>| fate.is_dropped || fate.name.is_some() || fate.value.is_some();
        let all = self.members.all();
        let there = all.iter().zip(&self.fates).filter(|(_, fate)| changed(fate)).map(|(member, _)| {
            match member.outer.and_then(|outer| all.get(outer)) {
                Some(outer) => format!("{}.{}", outer.name, member.name).into(),
                None => member.name.clone(),
            }
        });
        there.chain(self.added.iter().map(|(path, _)| written(path).into())).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.fates.iter().all(|fate| !fate.is_dropped && fate.name.is_none() && fate.value.is_none())
    }

    /// The splices, with those that write the model in its place.
    #[inline(never)]
    pub(crate) fn splices(&self, place: Option<Place>, model: &str) -> Vec<Splice> {
        let mut splices = Vec::new();
        let mut front = Vec::new();
        match place {
            // It is put in first, together with what else is.
            Some(place) if place.start == place.end => front.push(format!("{KEY}{}", quoted(model))),
            Some(place) => splices.push(place.write(model)),
            None => {}
        }
        let mut nested: Vec<(&str, Vec<String>)> = Vec::new();
        for (FieldPath { key, inner }, value) in &self.added {
            match inner {
                None => front.push(format!("{}:{value}", quoted(key))),
                Some(inner) => {
                    let member = format!("{}:{value}", quoted(inner));
                    match nested.iter_mut().find(|(outer, _)| outer == key) {
                        Some((_, members)) => members.push(member),
                        None => nested.push((key, vec![member])),
                    }
                }
            }
        }
        for (outer, added) in nested {
            let path = FieldPath { key: outer.to_owned(), inner: None };
            let there = self.find(&path).and_then(|place| Some((place, self.members.all().get(place)?)));
            if there.is_some_and(|(place, _)| self.fates.get(place).is_some_and(|fate| fate.value.is_some())) {
                continue;
            }
            match there {
                Some((place, Member { says: Says::Object(inside), .. })) => {
                    self.put_in(&added, Some(place), *inside, &mut splices);
                }
                Some((_, member)) => splices.push(part(member.value, format!("{{{}}}", added.join(",")))),
                None => front.push(format!("{}:{{{}}}", quoted(outer), added.join(","))),
            }
        }
        self.put_in(&front, None, self.members.inside(), &mut splices);
        self.drop_members(&mut splices);
        for (_, member, fate) in self.live() {
            splices.extend(fate.name.map(|name| part(member.key, quoted(name))));
            splices.extend(fate.value.as_ref().map(|value| part(member.value, value.clone())));
        }
        order::sort_by(&mut splices, |one, other| (one.keep, one.until).cmp(&(other.keep, other.until)));
        splices
    }

    /// Puts members in front of those of an object.
    #[inline(never)]
    fn put_in(&self, added: &[String], outer: Option<usize>, inside: Inside, splices: &mut Vec<Splice>) {
        if added.is_empty() {
            return;
        }
        let all = self.members.all().iter().zip(&self.fates);
        let gone = all.filter(|(member, fate)| member.outer == outer && fate.is_dropped).count();
        let comma = if inside.members > gone { "," } else { "" };
        let at = Span { start: inside.start, end: inside.start };
        splices.push(part(at, format!("{}{comma}", added.join(","))));
    }

    /// Takes out what is dropped, each with the comma behind it; at the end of an object with the one in front.
    #[inline(never)]
    fn drop_members(&self, splices: &mut Vec<Splice>) {
        let all = self.members.all();
        let is_gone = |outer: usize| self.fates.get(outer).is_some_and(|outer| outer.is_dropped);
        let dropped: Vec<&Member> = all
            .iter()
            .zip(&self.fates)
            .filter(|(member, fate)| fate.is_dropped && !member.outer.is_some_and(is_gone))
            .map(|(member, _)| member)
            .collect();
        for member in &dropped {
            // The members from here to the end of the object, if all of them go.
            let mut last = *member;
            while let Some(next) = dropped.iter().find(|next| last.behind == Some(next.key.start)) {
                last = next;
            }
            let is_continued = dropped.iter().any(|other| other.behind == Some(member.key.start));
            splices.extend(match (last.behind, member.behind) {
                (None, _) if is_continued => None,
                (None, _) => Some(part(
                    Span { start: member.before.unwrap_or(member.key.start), end: last.value.end },
                    String::new(),
                )),
                (Some(_), behind) => behind.map(|end| part(Span { start: member.key.start, end }, String::new())),
            });
        }
    }
}

/// Whether some member limits the output, as far as the body says.
pub(crate) fn is_limited(members: &Members) -> bool {
    members.all().iter().any(|member| member.is_limit && member.says != Says::Null)
}

#[inline(never)]
fn part(Span { start, end }: Span, with: String) -> Splice {
    Splice { keep: start, until: end, with: with.into_bytes(), what: Replaced::Part }
}

#[cfg(test)]
mod tests;
