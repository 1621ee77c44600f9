//! All files of a policy, in the order in which they count: a file, and then what it includes.

use super::folder::{Folder, Opened};
use super::include::{self, Entry};
use super::looked_at::LookedAt;
use super::ownership::{self, Owner};
use super::substitute::{is_full, substitute};
use super::values::Values;
use super::variables::{self, Variables};
use pointsman_document::Document;
use pointsman_source::{Finding, Format, Part, Source, reason};
use std::path::{Path, PathBuf};

/// How far files may include files that include files.
const MAX_DEPTH: usize = 16;

/// What was read, and what is wrong with it so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) sources: Vec<Source>,
    /// Of those files that are for some tenants only.
    pub(super) owners: Vec<Owner>,
    pub(super) findings: Vec<Finding>,
    /// Whether something that should be in the policy is not: what refers to it would be wrong, too.
    pub(super) is_lost: bool,
    pub(super) looked_at: LookedAt,
    variables: Option<Variables>,
    weight: usize,
    /// The files that are being read, each included by the one before: where they really are, and what they are called.
    open: Vec<(PathBuf, PathBuf)>,
}

/// Reads the policy `root` and what it includes.
pub(super) fn read(root: &Path, values: &Values) -> Reading {
    let mut reading = Reading::default();
    for file in values.files() {
        reading.looked_at.file(file, std::fs::read(file).ok().as_deref());
    }
    if let Err(finding) = reading.root(root, values) {
        reading.lose(vec![finding]);
    }
    reading
}

/// Reads a policy that is this text. There are no files beside it.
pub(super) fn text(name: &str, text: &str) -> Reading {
    let mut reading = Reading::default();
    match Source::parse(name, text, Format::of(Path::new(name))) {
        Ok(source) => reading.alone(source),
        Err(finding) => reading.lose(vec![finding]),
    }
    reading
}

impl Reading {
    fn lose(&mut self, findings: Vec<Finding>) {
        self.is_lost = true;
        self.findings.extend(findings);
    }

    fn root(&mut self, root: &Path, values: &Values) -> Result<(), Finding> {
        let bytes = std::fs::read(root);
        self.looked_at.file(root, bytes.as_deref().ok());
        let source = Source::parse_file(root, bytes.map_err(|err| Finding::of_file(root, reason(&err)))?)?;
        self.declare(&source, values);
        // A policy of one file can come from anywhere: a pipe has no folder.
        if source.document.get(include::SECTION).is_none() {
            self.file(source, None, Path::new(""), None);
            return Ok(());
        }
        let mut folder = Folder::of(root)?;
        let real = root.canonicalize().map_err(|err| Finding::of_file(root, reason(&err)))?;
        self.open.push((real, root.to_path_buf()));
        self.file(source, None, Path::new(""), Some(&mut folder));
        Ok(())
    }

    fn declare(&mut self, root: &Source, values: &Values) {
        let before = self.findings.len();
        self.variables = variables::of_root(root, values, &mut self.findings);
        self.is_lost = self.findings.len() > before;
    }

    fn alone(&mut self, source: Source) {
        self.declare(&source, &Values::default());
        if source.document.get(include::SECTION).is_some() {
            let message = "there are no files here to include: `pointsman bundle` makes one document of all";
            let finding = source.finding(include::SECTION, Part::Key, message);
            return self.lose(vec![finding]);
        }
        self.file(source, None, Path::new(""), None);
    }

    /// Takes a file in that stands in the folder `beside`, and all that it includes.
    fn file(&mut self, mut source: Source, owner: Option<Owner>, beside: &Path, folder: Option<&mut Folder>) {
        if let Some(variables) = &self.variables {
            self.findings.extend(substitute(&mut source, variables, &mut self.weight));
            self.is_lost |= is_full(self.weight);
        }
        if let Some(owner) = owner {
            self.findings.extend(ownership::trespasses(&source, &owner));
            self.owners.push(owner);
            self.sources.push(source);
            return;
        }
        if !self.sources.is_empty() && source.document.get(variables::SECTION).is_some() {
            let message = "variables are declared in the root policy alone, and known in all files";
            self.findings.push(source.finding(variables::SECTION, Part::Key, message));
        }
        let (entries, nth) = (include::of(&source), self.sources.len());
        self.sources.push(source);
        match (entries, folder) {
            (Err(findings), _) => self.lose(findings),
            (Ok(entries), Some(folder)) => {
                for (item, entry) in entries.iter().enumerate() {
                    self.entry(Site { source: nth, item }, entry, beside, folder);
                }
            }
            (Ok(_), None) => {}
        }
    }

    fn entry(&mut self, site: Site, entry: &Entry, beside: &Path, folder: &mut Folder) {
        let (written, field) = entry.files();
        let files = match folder.files(written, beside, &mut self.looked_at) {
            Ok(files) => files,
            Err(why) => return self.lose_at(site, field, &format!("`{written}` {why}")),
        };
        let owner = self.owner(site, entry);
        for path in files {
            // Beyond the last that there may be, no file is looked at any more.
            if folder.is_full() {
                return self.is_lost = true;
            }
            match self.include(&path, owner.clone(), folder) {
                Ok(()) => {}
                Err(Why::Finding(finding)) => self.lose(vec![finding]),
                Err(Why::Sentence(why)) => {
                    self.lose_at(site, field, &format!("`{}` {why}", folder.name(&path).display()));
                }
            }
        }
    }

    fn at(&self, site: Site, field: &str, message: &str) -> Vec<Finding> {
        let path = format!("{}[{}]{field}", include::SECTION, site.item);
        self.sources.get(site.source).map(|source| source.finding(&path, Part::Value, message)).into_iter().collect()
    }

    fn lose_at(&mut self, site: Site, field: &str, message: &str) {
        let findings = self.at(site, field, message);
        self.lose(findings);
    }

    fn owner(&self, site: Site, entry: &Entry) -> Option<Owner> {
        let Entry::Delegated(spec) = entry else { return None };
        let tenants = spec.tenants.0.clone();
        let said = (0..tenants.len()).flat_map(|nth| self.at(site, &format!(".tenants[{nth}]"), "")).collect();
        Some(Owner { said, tenants })
    }

    fn include(&mut self, path: &Path, owner: Option<Owner>, folder: &mut Folder) -> Result<(), Why> {
        self.is_open(path, folder)?;
        if self.open.len() > MAX_DEPTH {
            return Err(Why::Sentence(format!("is included too deep: {MAX_DEPTH} files in each other at most")));
        }
        let opened = folder.open(path);
        self.looked_at.file(&folder.name(path), opened.as_ref().ok().map(|opened| opened.bytes.as_slice()));
        let Opened { name, real, bytes } = opened.map_err(Why::Sentence)?;
        let source = Source::parse_file(&name, bytes).map_err(Why::Finding)?;
        if !matches!(source.document, Document::Object(_) | Document::Null) {
            let message = variables::wrong_kind("an object", &source.document);
            return Err(Why::Finding(source.finding("", Part::Value, &message)));
        }
        self.open.push((real, name));
        let beside = path.parent().unwrap_or(Path::new("")).to_path_buf();
        self.file(source, owner, &beside, Some(folder));
        self.open.pop();
        Ok(())
    }

    /// A file cannot be part of itself.
    fn is_open(&self, path: &Path, folder: &Folder) -> Result<(), Why> {
        let real = folder.resolve(path).map_err(Why::Sentence)?;
        let Some(nth) = self.open.iter().position(|(open, _)| *open == real) else { return Ok(()) };
        let names = self.open.iter().skip(nth).map(|(_, name)| format!("`{}`", name.display()));
        let circle: Vec<_> = names.chain([format!("`{}`", folder.name(path).display())]).collect();
        Err(Why::Sentence(format!("would include itself: {}", circle.join(" includes "))))
    }
}

/// Which item of which file's `include`.
#[derive(Debug, Clone, Copy)]
struct Site {
    source: usize,
    item: usize,
}

/// Why a file is not there.
enum Why {
    /// What is wrong with its name.
    Sentence(String),
    /// And with what stands in it.
    Finding(Finding),
}
