//! A file of cases: which one it is, and what may stand in it.

use super::expect::Expect;
use super::names::Names;
use super::suite::Loaded;
use crate::policy_file::{self, Values};
use crate::{moment, request_file};
use pointsman_document::{
    Definitions, Document, Map, Path as Field, Price, Read, Report, Some1, Value, object, schema_of, wrong_type,
};
use pointsman_source::{Finding, Source, reason};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What a folder's file of cases is called, and how the names of others in it end.
const NAME: &str = "tests.yaml";
const ENDING: &str = ".tests.yaml";

object! {
    /// Requests, and what a policy makes of each.
    pub(crate) struct CasesSpec {
        /// The policy's file, relative to this one.
        "policy" => policy: PathBuf = "policy.yaml",
        /// The cases.
        "cases" => cases: Some1<CaseSpec>,
    }
}

object! {
    /// A request, and what becomes of it.
    pub(crate) struct CaseSpec {
        /// What it shows.
        "name" => name: String,
        /// A file with the request, as `explain --request` takes it, relative to this file.
        "request" => request: Option<PathBuf>,
        /// The API that is called, by the name that `match.apis` uses.
        "api" => api: Option<String>,
        /// The path, in place of the API's.
        "path" => path: Option<String>,
        /// The method.
        "method" => method: Option<String>,
        /// Headers. One that the request's file has as well stands in for it.
        "headers" => headers: Map<String, String>,
        /// The body: a text as it is, anything else as JSON.
        "body" => body: Option<Anything>,
        /// Who is calling, as the proxy would have proved it.
        "caller" => caller: CallerSpec = Document::EMPTY,
        /// What is used of budgets, in requests, tokens or money: `finance`, or `finance/KEY` of one account.
        "spent" => spent: Map<String, Price>,
        /// Models whose providers have said that a rate limit is used up.
        "demoted" => demoted: Vec<String>,
        /// When the request comes, for rules with a `schedule`: `2026-11-28T09:00:00+01:00`, or seconds since 1970. Default: nobody
        /// knows, and no `schedule` holds for a rule that routes.
        "at" => at: Option<Moment>,
        /// What becomes of it.
        "expect" => expect: Expect,
    }
}

object! {
    /// Who is calling, as the proxy would have proved it.
    pub(crate) struct CallerSpec {
        /// The URI SAN of the client's certificate.
        "principal" => principal: Option<String>,
        /// The payload of the client's token.
        "claims" => claims: Option<Anything>,
    }
}

/// Any value.
#[derive(Clone, Debug)]
pub(crate) struct Anything(pub(crate) Document);

impl Default for Anything {
    fn default() -> Self {
        Self(Document::Null)
    }
}

impl Read for Anything {
    fn read(document: &Document, _: &Field<'_>, _: &mut Report) -> Self {
        Self(document.clone())
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({})
    }
}

/// A time, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment(pub(crate) u64);

impl Read for Moment {
    fn read(document: &Document, at: &Field<'_>, report: &mut Report) -> Self {
        let text = match document {
            Document::String(text) => text.clone(),
            Document::Number(number) => number.to_string(),
            other => return wrong_type("a time", other, at, report),
        };
        match moment::read(&text) {
            Ok(moment) => Self(moment),
            Err(why) => report.lose(at, why.into()),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "integer", "minimum": 1 }] })
    }
}

impl CaseSpec {
    fn check(&self, at: &Field<'_>, names: &Names<'_>, report: &mut Report) {
        if let Some(api) = self.api.as_ref().filter(|api| request_file::path_of(api).is_none()) {
            let known = report.suggest(api, request_file::apis());
            report.add(&at.key("api"), format!("no API `{api}`{}", pointsman_document::did_you_mean(&known)).into());
        }
        if self.request.is_some() && self.body.is_some() {
            report.add(&at.key("body"), "stands in the file that `request` names".to_owned().into());
        }
        if self.api.is_some() && self.path.is_some() {
            report.add(&at.key("path"), "cannot be given together with `api`".to_owned().into());
        }
        for (name, value) in &self.headers.0 {
            if request_file::header(format!("{name}: {value}").as_bytes()).is_none() {
                let message = format!("`{name}: {value}` is no header that a server would take");
                report.add(&at.key("headers").key(name), message.into());
            }
        }
        if self.at.is_some() && !names.tells_time() {
            report.add(&at.key("at"), "changes nothing: no rule of the policy has a `schedule`".to_owned().into());
        }
        for model in &self.demoted {
            names.model(model, &at.key("demoted"), report);
        }
        for (account, _) in &self.spent.0 {
            names.account(account, &at.key("spent").key(account), report);
        }
        self.expect.check(&at.key("expect"), names, report);
    }
}

/// The JSON Schema of a file of cases.
pub(crate) fn schema() -> Value {
    schema_of::<CasesSpec>("Pointsman cases")
}

/// The files of cases that a path stands for: itself, or what is in the folder and those below it.
pub(crate) fn find(path: &Path) -> Result<Vec<PathBuf>, Vec<Finding>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    gather(path, &mut found).map_err(|err| vec![unread(path, reason(&err))])?;
    found.sort();
    if found.is_empty() {
        return Err(vec![unread(path, format!("no `{NAME}` and no `*{ENDING}` here or below"))]);
    }
    Ok(found)
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let name = name.to_string_lossy();
        // Not through links, which may lead in a circle.
        if entry.is_dir() && !entry.is_symlink() && !name.starts_with('.') {
            gather(&entry, found)?;
        } else if entry.is_file() && (name == NAME || name.ends_with(ENDING)) {
            found.push(entry);
        }
    }
    Ok(())
}

pub(super) fn unread(file: &Path, message: String) -> Finding {
    Finding { file: file.to_path_buf(), at: None, path: String::new(), message }
}

/// Reads a file of cases and its policy.
pub(crate) fn read(file: &Path, values: &Values) -> Result<Loaded, Vec<Finding>> {
    let source = Source::read(file).map_err(|finding| vec![finding])?;
    let (root, mut report) = (Field::Root, Report::default());
    let spec = CasesSpec::read(&source.document, &root, &mut report);
    if !report.is_empty() {
        return Err(report.finish(()).err().map(|errors| source.findings(&errors)).unwrap_or_default());
    }
    let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
    let policy = policy_file::load(&folder.join(&spec.policy), values)?;
    let names = Names::of(&policy);
    for (nth, case) in spec.cases.0.iter().enumerate() {
        case.check(&root.key("cases").index(nth), &names, &mut report);
    }
    let spec = report.finish(spec).map_err(|errors| source.findings(&errors))?;
    Ok(Loaded { source, folder, policy, cases: spec.cases.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_takes_the_cases_of_all_examples() {
        assert!(jsonschema::meta::is_valid(&schema()));
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let files = find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")).unwrap();
        assert!(files.len() >= 7, "{files:?}");
        for file in files {
            let value = serde_json::to_value(&Source::read(&file).unwrap().document).unwrap();
            let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", file.display());
        }
        let wrong = json!({ "cases": [{ "name": "a", "expect": { "deny": 200, "mirror": true } }] });
        assert_eq!(validator.iter_errors(&wrong).count(), 2);
    }
}
