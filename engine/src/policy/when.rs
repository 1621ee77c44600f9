//! Conditions that are expressions, for what the fields of `match` cannot say.

use super::condition::{Conditions, Scope};
use super::error::{PolicyFault, Report};
use super::header::{HeaderName, HeaderSlot};
use super::rule::Rule;
use crate::request::flag::{Flag, flags};
use pointsman_document::{Document, Path, Read, text};
use pointsman_expression::{Expression, Kind, Outcome, Variable};

text! {
    /// An expression.
    pub(crate) WhenText: "an expression of 1 to 4096 characters", "\\S", 4096, |text| !text.trim().is_empty();
}

/// What the expressions of all rules may cost together, in steps: a hundredth of a second at the very most.
const MOST_COST: u64 = 1_000_000;

/// The longest texts that expressions read, in bytes.
const LONGEST: u64 = 2048;

/// The most items that a claim's list may have.
const MOST_ITEMS: u64 = 512;

/// Different claims that expressions can ask for: each is kept for every request.
const MOST_CLAIMS: usize = 64;

/// What a variable stands for.
#[derive(Clone, Copy, Debug)]
enum Of {
    Asked(Asked),
    Headers,
    Claims,
}

/// What an expression asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Model,
    Path,
    Api,
    Tenant,
    Principal,
    Header(HeaderSlot),
    /// By the place of the claim among those that all expressions ask for.
    Claim(usize),
    Flag(Flag),
    InputTokens,
    MaxOutputTokens,
    Messages,
}

/// The variables: those of flags come from their table.
macro_rules! variables {
    ($($(#[doc = $doc:literal])+ $field:ident $flag:ident $condition:literal $(needs $capability:ident)?,)+) => {
        const VARIABLES: &[(&str, &str, Kind, Of)] = &[
            ("request", "model", Kind::Text { longest: LONGEST }, Of::Asked(Asked::Model)),
            ("request", "path", Kind::Text { longest: LONGEST }, Of::Asked(Asked::Path)),
            ("request", "api", Kind::Text { longest: 64 }, Of::Asked(Asked::Api)),
            ("request", "headers", Kind::Texts { longest: LONGEST }, Of::Headers),
            ("tenant", "name", Kind::Text { longest: LONGEST }, Of::Asked(Asked::Tenant)),
            ("", "jwt", Kind::Values { longest: LONGEST, most: MOST_ITEMS }, Of::Claims),
            ("", "principal", Kind::Text { longest: LONGEST }, Of::Asked(Asked::Principal)),
            ("facts", "inputTokens", Kind::Int, Of::Asked(Asked::InputTokens)),
            ("facts", "maxOutputTokens", Kind::Int, Of::Asked(Asked::MaxOutputTokens)),
            ("facts", "messages", Kind::Int, Of::Asked(Asked::Messages)),
            $(("facts", $condition, Kind::Bool, Of::Asked(Asked::Flag(Flag::$flag))),)+
        ];
    };
}

flags!(variables);

/// A condition that is an expression.
#[derive(Clone, Debug)]
pub(crate) struct When {
    #[cfg(any(test, feature = "findings", feature = "trace"))]
    text: Box<str>,
    expression: Expression,
    /// What the expression asks for, by the place among its reads.
    asked: Vec<Asked>,
    /// The claims that it asks for: the names that lead to each.
    claims: Vec<Vec<String>>,
}

impl When {
    /// As it is written.
    #[cfg(any(test, feature = "findings", feature = "trace"))]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What stands at a place among what the expression reads.
    pub(crate) fn asked(&self, read: usize) -> Option<Asked> {
        self.asked.get(read).copied()
    }

    pub(crate) fn evaluate(&self, facts: &dyn pointsman_expression::Facts) -> Outcome {
        self.expression.evaluate(facts)
    }

    /// The flags that it asks for.
    pub(super) fn flags(&self) -> impl Iterator<Item = Flag> {
        self.asked.iter().filter_map(|asked| match asked {
            Asked::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// Whether it asks for the path.
    #[cfg(any(test, feature = "replay"))]
    pub(super) fn asks_path(&self) -> bool {
        self.asked.contains(&Asked::Path)
    }

    /// Whether it asks how long the request is.
    pub(crate) fn asks_length(&self) -> bool {
        self.asked.contains(&Asked::InputTokens)
    }
}

/// What expressions ask of the caller: nobody looks for what none asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AsksOfCallers {
    /// Anything.
    pub(crate) any: bool,
    /// The identity in the certificate.
    pub(crate) principal: bool,
}

impl AsksOfCallers {
    pub(super) fn of<'w>(expressions: impl Iterator<Item = &'w When>) -> Self {
        let mut asks = Self::default();
        for asked in expressions.flat_map(|when| &when.asked) {
            asks.any |= matches!(asked, Asked::Tenant | Asked::Principal | Asked::Claim(_));
            asks.principal |= matches!(asked, Asked::Principal);
        }
        asks
    }
}

impl WhenText {
    /// `None` if something is wrong with it.
    #[inline(never)]
    pub(super) fn compile(self, scope: &mut Scope<'_>, at: &Path<'_>, report: &mut Report) -> Option<Box<When>> {
        let Self(text) = self;
        if report.is_lost(at) {
            return None;
        }
        let variable =
            |(group, name, kind, _): &(&'static str, &'static str, Kind, Of)| Variable { group, name, kind: *kind };
        let variables: Vec<Variable> = VARIABLES.iter().map(variable).collect();
        let expression = match Expression::new(&text, &variables) {
            Ok(expression) => expression,
            Err(errors) => {
                for error in errors {
                    let (line, column) = error.place(&text);
                    report.add(at, PolicyFault::Expression { line, column, reason: error.to_string() }.into());
                }
                return None;
            }
        };
        let mut asked = Vec::with_capacity(expression.reads().len());
        let mut claims = Vec::new();
        for read in expression.reads() {
            let (.., of) = VARIABLES.get(read.variable)?;
            asked.push(match of {
                Of::Asked(asked) => *asked,
                Of::Claims => {
                    claims.push(read.entry.clone());
                    Asked::Claim(claims.len() - 1)
                }
                Of::Headers => {
                    let name = Document::String(read.entry.concat());
                    Asked::Header(scope.slots.slot(HeaderName::read(&name, at, report), at, report))
                }
            });
        }
        Some(Box::new(When {
            #[cfg(any(test, feature = "findings", feature = "trace"))]
            text: text.into(),
            expression,
            asked,
            claims,
        }))
    }
}

/// The claims that expressions ask for, each once. From now on they are asked for by their place here.
#[inline(never)]
pub(super) fn claims(rules: &mut [Rule], at: &Path<'_>, report: &mut Report) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    let mut expressions = Vec::new();
    rules.iter_mut().for_each(|rule| all_of(&mut rule.conditions, &mut expressions));
    for when in expressions {
        let own = std::mem::take(&mut when.claims);
        let numbered = own.into_iter().map(|claim| {
            let known = all.iter().position(|known| *known == claim);
            known.unwrap_or_else(|| {
                all.push(claim);
                all.len() - 1
            })
        });
        let numbered: Vec<usize> = numbered.collect();
        for asked in &mut when.asked {
            if let Asked::Claim(place) = asked {
                *place = numbered.get(*place).copied().unwrap_or_default();
            }
        }
    }
    if all.len() > MOST_CLAIMS {
        report.add(at, PolicyFault::TooManyClaims { max: MOST_CLAIMS }.into());
    }
    all
}

/// The expressions among conditions, and among those that are part of them.
fn all_of<'r>(conditions: &'r mut Conditions, found: &mut Vec<&'r mut When>) {
    found.extend(conditions.when.as_deref_mut());
    for inner in conditions.any.iter_mut().chain(conditions.not.as_deref_mut()) {
        all_of(inner, found);
    }
}

/// Whether a request can be asked all expressions in a time that nobody notices.
#[inline(never)]
pub(super) fn bound(rules: &[Rule], at: &Path<'_>, report: &mut Report) {
    let conditions = rules.iter().flat_map(|rule| rule.conditions.all());
    let costs = conditions.filter_map(|conditions| conditions.when.as_ref()).map(|when| when.expression.cost());
    let cost = costs.fold(0_u64, u64::saturating_add);
    if cost > MOST_COST {
        report.add(at, PolicyFault::TooManyExpressions { cost, most: MOST_COST }.into());
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::{check as check_policy, valid};
    use serde_json::json;

    fn rule(when: &str) -> String {
        format!(r#""rules": [{{"name": "r", "match": {{"when": {}}}, "deny": {{}}}}]"#, json!(when))
    }

    fn check(when: &str, expected: &[&str]) {
        let expected: Vec<_> = expected.iter().map(|error| format!("rules[0].match.when: {error}")).collect();
        check_policy(&rule(when), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn every_mistake_is_said_with_its_place() {
        check("facts.inputTokens > 1000 && request.headers['X-Team'] == 'search'", &[]);
        check(
            "facts.tool\n  && request.modle == 'a'",
            &[
                "no field `facts.tool`; did you mean `facts.tools`? (character 7)",
                "no field `request.modle`; did you mean `request.model`? (line 2, character 14)",
            ],
        );
        check("facts.inputTokens", &["a condition cannot take int: it has to be a bool (character 7)"]);
        check("", &["is empty, expected an expression of 1 to 4096 characters"]);
        check("'x y' in request.headers || ':path' in request.headers", &["`x y` is not a header name"]);
        check("'x-pointsman-model' in request.headers", &["is reserved: Pointsman removes it from every request"]);
    }

    #[test]
    fn headers_are_looked_at() {
        let policy = valid(&rule(
            "request.headers['X-Team'] == 'a' || 'host' in request.headers || has(request.headers['x-team'])",
        ));
        let names: Vec<_> = policy.headers().iter().map(|header| &*header.name).collect();
        assert_eq!(names, ["x-team", ":authority"]);
    }

    #[test]
    fn all_expressions_have_a_bound_together() {
        let when = json!("request.headers.a.matches('(a|b)*c') || request.headers.b.matches('(a|b)*c')");
        let rules: Vec<_> =
            (0..2000).map(|nth| json!({ "name": format!("r{nth}"), "match": { "when": when }, "deny": {} })).collect();
        let part = format!(r#""rules": {}"#, json!(rules));
        let errors = crate::policy::testing::read(&part).expect_err("too many");
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(errors[0].starts_with("rules: the expressions of all rules can cost"), "{errors:?}");
    }
}
