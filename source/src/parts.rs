//! A source out of several files: in which of them a field stands, and what it is called there.
//!
//! What is wrong with the second rule of a file is said of `rules[1]`, wherever that rule stands in the whole.

use crate::place::{self, Spot};
use crate::{File, Finding, Part, Place, Position, Source};
use pointsman_document::{Document, DocumentError, DocumentErrorKind, DocumentErrors};
use std::path::Path;

impl Source {
    /// A source without anything in it yet, whose own place is the beginning of its first file.
    pub fn of(files: Vec<File>) -> Self {
        Self { document: Document::EMPTY, place: Place::at(Position::START), files }
    }

    /// Its files, the one that it is named after first.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The file that it is named after.
    pub fn file(&self) -> &Path {
        self.files.first().map_or(Path::new(""), |file| &file.name)
    }

    /// Makes it a part of a source in which its file has this number.
    pub fn into_part(mut self, file: usize) -> (Document, Place, Vec<File>) {
        self.place.belongs_to(file);
        (self.document, self.place, self.files)
    }

    /// Adds a member to the object that it is.
    pub fn push(&mut self, key: String, value: Document, place: Place) {
        if let Document::Object(members) = &mut self.document {
            members.push((key, value));
            self.place.inside.push(place);
        }
    }

    /// Takes the members of that name out, if it is an object.
    pub fn take(&mut self, key: &str) -> Vec<(Document, Place)> {
        let Document::Object(members) = &mut self.document else { return Vec::new() };
        let (mut taken, mut kept) = (Vec::new(), Vec::new());
        let places = std::mem::take(&mut self.place.inside);
        for ((name, value), place) in std::mem::take(members).into_iter().zip(places) {
            if name == key {
                taken.push((value, place));
            } else {
                members.push((name, value));
                kept.push(place);
            }
        }
        self.place.inside = kept;
        taken
    }

    /// A finding about the field `path`, placed at that field.
    pub fn finding(&self, path: &str, part: Part, message: &str) -> Finding {
        let Spot { file, at } = self.spot(path, part);
        Finding { file: self.name(file), at: Some(at), path: self.path_in_file(path), message: message.to_owned() }
    }

    /// All errors of the document, in the order of their places.
    pub fn findings(&self, errors: &DocumentErrors) -> Vec<Finding> {
        let mut findings: Vec<_> = errors.iter().map(|error| self.placed(error)).collect();
        findings.sort_by_key(|(spot, _)| *spot);
        findings.into_iter().map(|(_, finding)| finding).collect()
    }

    fn placed(&self, error: &DocumentError) -> (Spot, Finding) {
        let part = if error.is_about_key() { Part::Key } else { Part::Value };
        let spot = self.spot(error.path(), part);
        let message = match error.kind() {
            DocumentErrorKind::Taken { name, by } if self.files.len() > 1 => self.taken(name, by, spot.file),
            _ => error.message(),
        };
        (spot, self.finding(error.path(), part, &message))
    }

    /// Who has a name already, said in the file with this number.
    fn taken(&self, name: &str, by: &str, here: usize) -> String {
        let Spot { file, at } = self.spot(by, Part::Value);
        let field = self.path_in_file(by);
        if file == here {
            return format!("`{name}` is taken by {field}");
        }
        format!("`{name}` is taken by {field} of {}:{}:{}", self.name(file).display(), at.line, at.column)
    }

    /// Where the item of a section begins that a finding is about: the rule, the tenant, the model.
    pub fn beginning(&self, finding: &Finding) -> Option<Position> {
        let file = self.files.iter().position(|file| file.name == finding.file)?;
        let path = &finding.path;
        let item = path.find(']').and_then(|end| path.get(..=end)).unwrap_or(path);
        Some(self.spot(&self.path_in_whole(item, file), Part::Value).at)
    }

    fn spot(&self, path: &str, part: Part) -> Spot {
        place::of(&self.document, &self.place, path, part)
    }

    fn name(&self, file: usize) -> std::path::PathBuf {
        self.files.get(file).map(|file| file.name.clone()).unwrap_or_default()
    }

    /// What a field is called in the file that it stands in.
    fn path_in_file(&self, path: &str) -> String {
        let Some((section, nth, rest)) = self.split(path) else { return path.to_owned() };
        let files = self.files_of(section);
        let number = files.get(nth).map(|file| files.iter().take(nth).filter(|other| *other == file).count());
        format!("{section}[{}]{rest}", number.unwrap_or(nth))
    }

    /// And in the whole what is called so in a file.
    fn path_in_whole(&self, path: &str, file: usize) -> String {
        let Some((section, nth, rest)) = self.split(path) else { return path.to_owned() };
        let files = self.files_of(section);
        let mut here = files.iter().enumerate().filter(|(_, other)| **other == file);
        format!("{section}[{}]{rest}", here.nth(nth).map_or(nth, |(place, _)| place))
    }

    /// `rules[2].match` as `rules`, 2 and `.match`, where there is more than one file to tell apart.
    fn split<'p>(&self, path: &'p str) -> Option<(&'p str, usize, &'p str)> {
        let (section, behind) = path.split_once('[').filter(|_| self.files.len() > 1)?;
        let (number, rest) = behind.split_once(']')?;
        Some((section, number.parse().ok()?, rest))
    }

    /// In which file each item of a section stands.
    fn files_of(&self, section: &str) -> Vec<usize> {
        let Document::Object(members) = &self.document else { return Vec::new() };
        let nth = members.iter().position(|(name, _)| name == section);
        let place = nth.and_then(|nth| self.place.inside.get(nth));
        place.map(|place| place.inside.iter().map(|item| item.file).collect()).unwrap_or_default()
    }
}
