//! A table of classes and models as rules of a policy, which a person can read and change.

use crate::yaml::{List, Map, comment, print, quoted};
use pointsman_document::Document;
use pointsman_source::{Format, Source};
use std::collections::BTreeMap;
use std::path::Path;

/// Which model each class goes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table(pub(crate) BTreeMap<String, String>);

impl Table {
    /// As rules: one for each model, with all classes that go there. `why` says what is known of a class.
    pub(crate) fn rules(&self, classifier: &str, head: &str, why: impl Fn(&str) -> String) -> String {
        let mut by_model: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (class, model) in &self.0 {
            by_model.entry(model).or_default().push(class);
        }
        let mut rules = List::new();
        for (model, classes) in by_model {
            let listed = classes.into_iter().fold(List::new(), |listed, class| listed.noted(why(class), quoted(class)));
            let class = Map::new().with("classifier", quoted(classifier)).with("in", listed);
            let target = List::line([Map::line().with("model", quoted(model))]);
            rules = rules.with(
                Map::new()
                    .with("name", quoted(rule_name(classifier, model)))
                    .with("match", Map::new().with("class", class))
                    .with("route", Map::line().with("targets", target)),
            );
        }
        comment(head) + &print(&Map::new().with("rules", rules).into())
    }

    /// Out of the rules of a file: the first rule that asks for a class decides.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let named = |why: &str| format!("`{}`: {why}", file.display());
        let text = std::fs::read_to_string(file).map_err(|err| named(&pointsman_source::reason(&err)))?;
        let source = Source::parse(file, &text, Format::of(file)).map_err(|finding| finding.to_string())?;
        let mut table = BTreeMap::new();
        for rule in source.document.get("rules").map(Document::items).unwrap_or_default() {
            let classes = rule.get("match").and_then(|found| found.get("class")).and_then(|class| class.get("in"));
            let targets = rule.get("route").and_then(|route| route.get("targets")).map(Document::items);
            let model =
                targets.and_then(<[_]>::first).and_then(|target| target.get("model")).and_then(Document::as_str);
            let (Some(classes), Some(model)) = (classes, model) else { continue };
            for class in classes.items().iter().filter_map(Document::as_str) {
                table.entry(class.to_owned()).or_insert_with(|| model.to_owned());
            }
        }
        if table.is_empty() {
            Err(named("no rule asks for a class (`match.class.in`) and routes to a model"))
        } else {
            Ok(Self(table))
        }
    }
}

/// `domain-to-gpt-4o`, of letters that every name may have.
fn rule_name(classifier: &str, model: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    format!("{}-to-{}", classifier.chars().map(plain).collect::<String>(), model.chars().map(plain).collect::<String>())
}
