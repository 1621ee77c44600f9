//! What an examination found: what is wrong, what is fine, and what could not be seen.

use serde::Serialize;
use std::fmt::Write;

/// Something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The same for the same kind of finding, whatever the release.
    pub(crate) code: &'static str,
    /// Where: listeners, filters, clusters.
    pub(crate) places: Vec<String>,
    /// What users and operators notice.
    pub(crate) symptom: String,
    /// What leads to it.
    pub(crate) cause: String,
    /// What to do.
    pub(crate) remedy: String,
}

/// One instance of the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Seen {
    pub(crate) place: String,
    pub(crate) filter: String,
    pub(crate) role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hold: Option<&'static str>,
    /// The version of its policy, computed from the configuration that it got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    /// Whether its configuration comes by extension config discovery.
    pub(crate) discovered: bool,
}

/// Everything an examination has to say.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    pub(crate) envoy: String,
    pub(crate) instances: Vec<Seen>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) fine: Vec<String>,
    pub(crate) unseen: Vec<String>,
}

impl Report {
    /// Notes a finding. One that differs from an earlier one only by its place is the same at one more place.
    pub(super) fn find(&mut self, finding: Finding) {
        let same = |other: &&mut Finding| {
            (other.code, &other.symptom, &other.cause, &other.remedy)
                == (finding.code, &finding.symptom, &finding.cause, &finding.remedy)
        };
        match self.findings.iter_mut().find(same) {
            Some(known) => {
                let new = finding.places.into_iter().filter(|place| !known.places.contains(place)).collect::<Vec<_>>();
                known.places.extend(new);
            }
            None => self.findings.push(finding),
        }
    }

    pub(super) fn fine(&mut self, sentence: impl Into<String>) {
        add(&mut self.fine, sentence.into());
    }

    pub(super) fn cannot_see(&mut self, sentence: impl Into<String>) {
        add(&mut self.unseen, sentence.into());
    }

    /// Runs a family of checks and says what is fine if it finds nothing.
    pub(super) fn family(&mut self, fine: &str, checks: impl FnOnce(&mut Self)) {
        let before = self.places();
        checks(self);
        if self.places() == before {
            self.fine(fine);
        }
    }

    fn places(&self) -> usize {
        self.findings.iter().map(|finding| finding.places.len()).sum()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.envoy);
        for seen in &self.instances {
            let hold = seen.hold.map(|hold| format!(", hold: {hold}")).unwrap_or_default();
            let policy = seen.policy.as_ref().map(|version| format!(", policy {}", short(version))).unwrap_or_default();
            let _ = writeln!(text, "  {}: `{}`, role: {}{hold}{policy}", seen.place, seen.filter, seen.role);
        }
        for (number, finding) in (1..).zip(&self.findings) {
            let _ = writeln!(text, "\n{number}. {} ({})", places(&finding.places), finding.code);
            for (title, sentence) in [("symptom", &finding.symptom), ("cause", &finding.cause), ("do", &finding.remedy)]
            {
                let _ = writeln!(text, "   {title:<9}{sentence}");
            }
        }
        for (title, sentences) in [("fine", &self.fine), ("cannot see", &self.unseen)] {
            if !sentences.is_empty() {
                let lines: String = sentences.iter().map(|sentence| format!("  {sentence}\n")).collect();
                let _ = write!(text, "\n{title}\n{lines}");
            }
        }
        let _ = match self.findings.len() {
            0 => writeln!(text, "\nnothing wrong was found"),
            1 => writeln!(text, "\n1 finding"),
            count => writeln!(text, "\n{count} findings"),
        };
        text
    }

    /// For machines.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|json| json + "\n").unwrap_or_default()
    }
}

/// As many places as people read; one cause can show in hundreds of clusters.
fn places(all: &[String]) -> String {
    const SHOWN: usize = 8;
    match all.get(SHOWN..) {
        Some(rest) if !rest.is_empty() => {
            format!("{}; and {} more", all.get(..SHOWN).unwrap_or_default().join("; "), rest.len())
        }
        _ => all.join("; "),
    }
}

fn add(sentences: &mut Vec<String>, sentence: String) {
    if !sentences.contains(&sentence) {
        sentences.push(sentence);
    }
}

/// Enough of a version to tell it from others.
pub(super) fn short(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}

/// Names as a list in a sentence.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(place: &str, cause: &str) -> Finding {
        Finding {
            code: "code",
            places: vec![place.into()],
            symptom: "s".into(),
            cause: cause.into(),
            remedy: "r".into(),
        }
    }

    #[test]
    fn the_same_finding_elsewhere_is_one_finding() {
        let mut report = Report::default();
        for (place, cause) in [("a", "x"), ("b", "x"), ("b", "x"), ("a", "y")] {
            report.find(finding(place, cause));
        }
        let places: Vec<_> = report.findings.iter().map(|finding| finding.places.join(" ")).collect();
        assert_eq!(places, ["a b", "a"]);
    }

    #[test]
    fn a_family_is_fine_only_without_findings() {
        let mut report = Report::default();
        report.find(finding("a", "x"));
        report.family("good", |_| {});
        report.family("bad", |report| report.find(finding("b", "x")));
        assert_eq!(report.fine, ["good"]);
    }

    #[test]
    fn people_read_places_symptoms_causes_and_remedies() {
        let mut report = Report { envoy: "Envoy 1.40.0".into(), ..Report::default() };
        report.find(finding("listener `a`", "x"));
        report.cannot_see("one thing");
        assert_eq!(
            report.text(),
            "Envoy 1.40.0\n\n1. listener `a` (code)\n   symptom  s\n   cause    x\n   do       r\n\ncannot see\n  \
                one thing\n\n1 finding\n"
        );
    }
}
