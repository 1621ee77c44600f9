//! What the command line says about a policy's variables.

use super::variables::{self, Kind, Variables};
use pointsman_document::{Document, Report, did_you_mean};
use pointsman_source::{Finding, Format, Part, Source};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What findings about `--set` say instead of a file.
const SET: &str = "--set";

/// Values for the variables of a policy.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Values {
    /// Give a variable of the policy a value; a list or a map as YAML: `euModels=[a, b]`
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME=VALUE"))]
    set: Vec<Setting>,
    /// Take the values of variables from a YAML or JSON file, an object of names and values; --set wins
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE"))]
    values: Vec<PathBuf>,
}

/// `NAME=VALUE`.
#[derive(Debug, Clone)]
struct Setting {
    name: String,
    value: String,
}

impl FromStr for Setting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl Values {
    /// The files that they are taken from.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.values
    }

    /// Gives variables these values; comes back with what is wrong with them.
    pub(super) fn give(&self, variables: &mut Variables) -> Vec<Finding> {
        let mut findings = Vec::new();
        for file in &self.values {
            match Source::read(file) {
                Ok(source) => from_file(&source, variables, &mut findings),
                Err(finding) => findings.push(finding),
            }
        }
        for setting in &self.set {
            if let Err(message) = setting.give(variables) {
                findings.push(Finding { path: setting.name.clone(), ..Finding::of_file(Path::new(SET), message) });
            }
        }
        findings
    }
}

fn from_file(source: &Source, variables: &mut Variables, findings: &mut Vec<Finding>) {
    let members = match &source.document {
        Document::Object(members) => members.as_slice(),
        Document::Null => &[],
        other => return findings.push(source.finding("", Part::Value, &variables::wrong_kind("an object", other))),
    };
    for (nth, (name, value)) in members.iter().enumerate() {
        if members.iter().take(nth).any(|(earlier, _)| earlier == name) {
            findings.push(source.finding(name, Part::Key, "duplicate field"));
            continue;
        }
        let wrong = match variables.kind(name) {
            None => Some((Part::Key, unknown(variables, name))),
            Some(kind) => kind.of(value).err().map(|message| (Part::Value, message)),
        };
        match wrong {
            Some((part, message)) => findings.push(source.finding(name, part, &message)),
            None => variables.give(name, value.clone()),
        }
    }
}

impl Setting {
    fn give(&self, variables: &mut Variables) -> Result<(), String> {
        let kind = variables.kind(&self.name).ok_or_else(|| unknown(variables, &self.name))?;
        let value = match kind {
            // As it is: of a text nobody has to know how YAML reads it.
            Kind::String => Document::String(self.value.clone()),
            _ => Source::parse(SET, &self.value, Format::Yaml).map_err(|finding| finding.message)?.document,
        };
        kind.of(&value)?;
        variables.give(&self.name, value);
        Ok(())
    }
}

fn unknown(variables: &Variables, name: &str) -> String {
    if variables.is_empty() {
        return "the policy declares no `variables`".to_owned();
    }
    let meant = Report::default().suggest(name, variables.names());
    format!("the policy has no variable of this name{}", did_you_mean(&meant))
}
