//! Limits and labels that several tenants share.

use super::super::catalog::Catalog;
use super::super::error::{PolicyErrorKind, PolicyFault, Report, What};
use super::super::text::{LabelKey, Name, Plain};
use super::limits::{Limits, TenantModelsSpec};
use pointsman_document::{Document, MAX_WHOLE, Map, Path, Whole, object};
use std::collections::BTreeMap;

object! {
    /// Limits and labels by a name, for tenants to share.
    pub(crate) struct ProfileSpec {
        /// Its name. Unique.
        "name" => name: Name,
        /// What its tenants are labelled with, such as `region: eu`.
        "labels" => labels: Map<LabelKey, Plain>,
        /// The models that its tenants may use. Default: all of them.
        "models" => models: TenantModelsSpec = Document::EMPTY,
        /// The most tokens that an answer to its tenants may have. Default: what the client asks for.
        "maxOutputTokens" => max_output_tokens: Option<Whole<1, MAX_WHOLE>>,
    }
}

/// The labels of a tenant, or of a profile.
pub(crate) type TenantLabels = BTreeMap<String, String>;

pub(super) fn labels(labels: Map<LabelKey, Plain>) -> TenantLabels {
    labels.0.into_iter().map(|(LabelKey(key), Plain(value))| (key, value)).collect()
}

/// Limits and labels by a name.
#[derive(Debug)]
struct Profile {
    name: String,
    labels: TenantLabels,
    limits: Limits,
}

/// The profiles, in the order of the document. Tenants have taken what they say into themselves, so no policy keeps them.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    all: Vec<Profile>,
    has_gaps: bool,
}

impl Profiles {
    #[inline(never)]
    pub(in super::super) fn compile(
        specs: Vec<ProfileSpec>,
        catalog: &Catalog,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Self {
        let mut profiles = Self { all: Vec::with_capacity(specs.len()), has_gaps: report.is_lost(at) };
        for (nth, spec) in specs.into_iter().enumerate() {
            let at = at.index(nth);
            let name = spec.name.0;
            if report.is_lost(&at.key("name")) {
                profiles.has_gaps = true;
            } else if let Some(first) = profiles.all.iter().position(|other| other.name == name) {
                let by = format!("profiles[{first}]");
                report.add(&at.key("name"), PolicyErrorKind::Taken { name: name.clone(), by });
            }
            let limits = Limits::compile(spec.models, spec.max_output_tokens, catalog, &at.key("models"), report);
            profiles.all.push(Profile { name, labels: labels(spec.labels), limits });
        }
        profiles
    }

    /// Adds what these profiles say to what a tenant says itself. Limits hold together; of a label, its own word counts.
    pub(super) fn apply(
        &self,
        names: &[Name],
        limits: &mut Limits,
        own: &mut TenantLabels,
        at: &Path<'_>,
        report: &mut Report,
    ) {
        let mut inherited: BTreeMap<&str, (&str, &Profile)> = BTreeMap::new();
        for (nth, name) in names.iter().enumerate() {
            let at = at.index(nth);
            let Some(profile) = self.resolve(name, &at, report) else { continue };
            limits.and(&profile.limits);
            for (key, value) in profile.labels.iter().filter(|(key, _)| !own.contains_key(*key)) {
                let (first, other) = *inherited.entry(key).or_insert((value, profile));
                if first != value {
                    let (label, profiles) = (key.clone(), [other.name.clone(), profile.name.clone()]);
                    report.add(&at, PolicyFault::LabelConflict { label, profiles }.into());
                }
            }
        }
        let inherited = inherited.into_iter().map(|(key, (value, _))| (key.to_owned(), value.to_owned()));
        own.extend(inherited);
    }

    fn resolve(&self, name: &Name, at: &Path<'_>, report: &mut Report) -> Option<&Profile> {
        let found = self.all.iter().find(|profile| profile.name == name.0);
        if found.is_none() && !self.has_gaps && !report.is_lost(at) {
            let suggestion = report.suggest(&name.0, self.all.iter().map(|profile| profile.name.as_str()));
            report.add(at, PolicyFault::NoSuch { what: What::Profile, name: name.0.clone(), suggestion }.into());
        }
        found
    }
}
