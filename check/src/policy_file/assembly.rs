//! One document out of all files of a policy, each of its values with the file that it stands in.
//!
//! Lists of things with names are put together, in the order of the files. Whatever else a policy says, one file alone can say.

use super::looked_at::LookedAt;
use super::reading::{self, Reading};
use super::values::Values;
use super::{Invalid, PolicyFile, include, variables};
use pointsman_document::{Document, Report};
use pointsman_engine::Policy;
use pointsman_source::{Finding, Place, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lists of things with names.
pub(super) const LISTS: [&str; 6] = ["models", "aliases", "tenants", "profiles", "rules", "budgets"];

/// A policy as one document, and what is wrong with how its files go together.
#[derive(Debug)]
pub struct Assembly {
    /// Nothing where a file is missing: then little can be said of the rest.
    pub source: Option<Source>,
    /// What is wrong with how they go together.
    pub findings: Vec<Finding>,
    /// What it was made from, as it was then.
    pub looked_at: LookedAt,
    order: Vec<PathBuf>,
}

/// Puts the policy `root` together.
pub fn assemble(root: &Path, values: &Values) -> Assembly {
    put_together(reading::read(root, values))
}

/// The same of a policy that is this text, where there are no files.
pub fn assemble_text(name: &str, text: &str) -> Assembly {
    put_together(reading::text(name, text))
}

fn put_together(reading: Reading) -> Assembly {
    let Reading { sources, owners, mut findings, is_lost, looked_at, .. } = reading;
    let order = sources.iter().map(|source| source.file().to_path_buf()).collect();
    let source = if is_lost { None } else { merge(sources, &mut findings) };
    if let Some(source) = &source {
        let mut report = Report::default();
        let tenants = source.document.get("tenants").unwrap_or(&Document::Null);
        findings.extend(owners.iter().flat_map(|owner| owner.unknown(tenants, &mut report)));
    }
    let mut assembly = Assembly { source, findings: Vec::new(), looked_at, order };
    assembly.findings = assembly.sorted(findings);
    assembly
}

impl Assembly {
    /// The policy that it is, which takes the source along; or why it is none.
    pub fn judge(&mut self) -> Result<PolicyFile, Invalid> {
        let looked_at = std::mem::take(&mut self.looked_at);
        let Some(source) = self.source.take() else {
            return Err(Invalid { findings: self.findings.clone(), looked_at });
        };
        let findings = match Policy::from_document(&source.document) {
            Ok(policy) if self.findings.is_empty() => {
                return Ok(PolicyFile { source, policy: Arc::new(policy), looked_at, payload_was_added: false });
            }
            Ok(_) => self.findings.clone(),
            Err(errors) => self.with(source.findings(&errors)),
        };
        self.source = Some(source);
        Err(Invalid { findings, looked_at })
    }

    /// What was found in putting it together and what is wrong with the whole. Of one place, one thing is said.
    fn with(&self, errors: Vec<Finding>) -> Vec<Finding> {
        let (mut all, is_unknown) = (errors, |finding: &Finding| finding.message.starts_with("unknown field"));
        let is_said = |all: &[Finding], finding: &Finding| {
            all.iter().any(|other| is_unknown(other) && other.file == finding.file && other.at == finding.at)
        };
        let kept: Vec<_> = self.findings.iter().filter(|finding| !is_said(&all, finding)).cloned().collect();
        all.retain(|error| !kept.iter().any(|finding| finding.file == error.file && finding.at == error.at));
        all.extend(kept);
        self.sorted(all)
    }

    /// In the order of the files, and of their lines.
    fn sorted(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        findings.sort_by_key(|finding| (self.order.iter().position(|file| *file == finding.file), finding.at));
        findings
    }
}

/// A member of the whole, and the last file that it has something from.
struct Member {
    key: String,
    value: Document,
    place: Place,
    file: usize,
}

fn merge(mut sources: Vec<Source>, findings: &mut Vec<Finding>) -> Option<Source> {
    // What is no object has no sections that could be taken out; the engine says so.
    if sources.len() == 1 {
        let mut source = sources.pop()?;
        [include::SECTION, variables::SECTION].iter().for_each(|section| drop(source.take(section)));
        return Some(source);
    }
    let (mut files, mut whole) = (Vec::new(), Vec::<Member>::new());
    for (file, source) in sources.into_iter().enumerate() {
        let (document, place, texts) = source.into_part(file);
        files.extend(texts);
        let Document::Object(members) = document else { continue };
        for ((key, value), place) in members.into_iter().zip(place.inside) {
            if ![include::SECTION, variables::SECTION].contains(&key.as_str()) {
                take_in(&mut whole, Member { key, value, place, file }, findings, |file| {
                    files.get(file).map(|file| file.name.clone()).unwrap_or_default()
                });
            }
        }
    }
    let mut source = Source::of(files);
    whole.into_iter().for_each(|Member { key, value, place, .. }| source.push(key, value, place));
    Some(source)
}

fn take_in(whole: &mut Vec<Member>, member: Member, findings: &mut Vec<Finding>, name: impl Fn(usize) -> PathBuf) {
    let Some(known) = whole.iter_mut().find(|known| known.key == member.key) else { return whole.push(member) };
    if known.file == member.file {
        // Given twice in one file: the engine says so.
        return whole.push(member);
    }
    let mut find = |at, message| {
        findings.push(Finding { file: name(member.file), at: Some(at), path: member.key.clone(), message });
    };
    if !LISTS.contains(&member.key.as_str()) {
        let (file, at) = (name(known.place.file), known.place.key);
        let message =
            format!("stands in {}:{}:{} already, and one file alone can say it", file.display(), at.line, at.column);
        return find(member.place.key, message);
    }
    match (&mut known.value, member.value) {
        (Document::Array(items), Document::Array(more)) => {
            items.extend(more);
            known.place.inside.extend(member.place.inside);
            known.file = member.file;
        }
        (Document::Array(_), other) => find(member.place.at, variables::wrong_kind("a list", &other)),
        // Of the first the engine says that it is none.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pointsman_source::{Format, Part};

    /// However many files a list is spread over: it is that list, and each item is found in its own file by its own place.
    #[test]
    fn what_is_spread_is_put_together_again() {
        for seed in 0..200_usize {
            let (files, items) = (1 + seed % 7, 1 + seed * 31 % 23);
            let shares: Vec<usize> = (0..files).map(|file| (file + 1) * items / files - file * items / files).collect();
            let (mut sources, mut expected) = (Vec::new(), Vec::new());
            for (file, share) in shares.iter().enumerate() {
                let names: Vec<String> = (0..*share).map(|nth| format!("r{file}-{nth}")).collect();
                let lines: String = names.iter().map(|name| format!("- {{ name: {name} }}\n")).collect();
                let text = if *share > 0 { format!("rules:\n{lines}") } else { "# none\n".to_owned() };
                sources.push(Source::parse(format!("f{file}"), &text, Format::Yaml).unwrap());
                expected.extend(names.into_iter().enumerate().map(|(nth, name)| (file, nth, name)));
            }
            let mut findings = Vec::new();
            let source = merge(sources, &mut findings).unwrap();
            assert_eq!(findings, []);
            let rules = source.document.get("rules").unwrap().items();
            assert_eq!(rules.len(), expected.len());
            for (whole, (file, nth, name)) in expected.iter().enumerate() {
                assert_eq!(rules[whole].get("name").and_then(Document::as_str), Some(name.as_str()));
                let found = source.finding(&format!("rules[{whole}].name"), Part::Value, "");
                let at = found.at.unwrap();
                assert_eq!(
                    (found.file.to_str().unwrap(), at.line, at.column),
                    (format!("f{file}").as_str(), nth + 2, 11)
                );
                assert_eq!(found.path, format!("rules[{nth}].name"));
                assert_eq!(source.beginning(&found).map(|at| (at.line, at.column)), Some((nth + 2, 3)));
            }
        }
    }
}
