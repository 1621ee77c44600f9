//! The cases of one file, run.

use super::coverage::{Coverage, Share};
use super::expect::Difference;
use super::file::CaseSpec;
use super::probe::Probe;
use super::request;
use crate::envoy::id_keys;
use crate::policy_file::PolicyFile;
use crate::record;
use pointsman_engine::{Exchange, Record, explain};
use pointsman_source::{Finding, Part, Position, Source};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file of cases that has been read, with its policy.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(super) source: Source,
    pub(super) folder: PathBuf,
    pub(super) policy: PolicyFile,
    pub(super) cases: Vec<CaseSpec>,
}

/// What came of the cases of a file.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) file: PathBuf,
    pub(crate) policy: PathBuf,
    pub(crate) cases: Vec<Outcome>,
    pub(crate) coverage: Share,
    /// What no case has shown.
    pub(crate) gaps: Vec<Finding>,
    pub(crate) took: Duration,
}

/// What came of a case.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) at: Option<Position>,
    pub(crate) differences: Vec<Difference>,
    /// What there is to know of a case that failed.
    pub(crate) why: Vec<String>,
    /// The decision as a line.
    pub(crate) decision: String,
}

impl Outcome {
    pub(crate) fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Loaded {
    /// The files that the outcome depends on.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let requests = self.cases.iter().filter_map(|case| case.request.as_ref());
        let requests = requests.map(|request| self.folder.join(request));
        self.policy.looked_at.files().chain([self.source.file()]).map(Path::to_path_buf).chain(requests).collect()
    }

    /// Runs the cases.
    pub(crate) fn run(mut self) -> Result<Suite, Vec<Finding>> {
        let started = Instant::now();
        if let Some(keys) = id_keys::here() {
            let file = self.policy.source.file().to_path_buf();
            self.policy = self.policy.with_id_keys(&keys).map_err(|why| vec![super::file::unread(&file, why)])?;
        }
        let probe = Probe::of(&self.policy.source.document);
        let mut coverage = Coverage::of(&probe);
        let (mut cases, mut wrong) = (Vec::new(), Vec::new());
        for (nth, case) in self.cases.iter().enumerate() {
            match request::of(case, &self.folder, &self.policy.policy) {
                Ok(exchange) => {
                    let record = explain(&self.policy.policy, &exchange);
                    coverage.take(&probe, &exchange, record.as_ref());
                    cases.push(self.outcome(nth, case, &exchange, record.as_ref(), &probe));
                }
                Err(why) => wrong.push(self.source.finding(&format!("cases[{nth}].request"), Part::Value, &why)),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let (coverage, gaps) = (coverage.share(), coverage.gaps(&self.policy));
        let [file, policy] = [self.source.file(), self.policy.source.file()].map(Path::to_path_buf);
        Ok(Suite { file, policy, cases, coverage, gaps, took: started.elapsed() })
    }

    fn outcome(
        &self,
        nth: usize,
        case: &CaseSpec,
        exchange: &Exchange,
        record: Option<&Record>,
        probe: &Probe,
    ) -> Outcome {
        let differences = case.expect.differences(record);
        let decided = record.and_then(|record| record.rule.as_deref());
        let mut why = Vec::new();
        if !differences.is_empty() {
            let wanted = case.expect.rule().filter(|rule| decided != Some(rule));
            why.extend(wanted.map(|rule| because(rule, probe.failing(rule, exchange))));
            let excluded = record.map(|record| &record.excluded).into_iter().flatten();
            why.extend(excluded.map(|item| format!("`{}` cannot serve it: {}", item.model, item.reason)));
            why.extend(record.and_then(|record| record.message.as_ref()).map(|message| format!("refused: {message}")));
        }
        let at = self.source.finding(&format!("cases[{nth}].expect"), Part::Key, "").at;
        let decision = record.map_or_else(|| "no LLM call".to_owned(), record::line);
        Outcome { name: case.name.clone(), at, differences, why, decision }
    }
}

/// Why a rule does not decide.
fn because(rule: &str, failing: Option<Vec<&str>>) -> String {
    match failing.as_deref() {
        None => "rules are not asked for such a request".to_owned(),
        Some([]) => format!("`{rule}` would apply, but a rule above it does"),
        Some(failing) => {
            let failing: Vec<_> = failing.iter().map(|key| format!("`match.{key}`")).collect();
            format!(
                "`{rule}` does not apply: {} {}",
                failing.join(", "),
                if failing.len() == 1 { "fails" } else { "fail" }
            )
        }
    }
}
