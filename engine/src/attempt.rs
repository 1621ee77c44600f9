//! What the router leaves for a request's attempts, and what an attempt makes of it.
//!
//! When a request has more than one model to go to, the router changes nothing in it. It leaves a [`Plan`]; the module's
//! `upstream` role runs once for each attempt, learns from the endpoint which model it stands for, and writes that model.
//! It always starts from the plan, never from what an earlier attempt left behind.
//!
//! A plan names every model that may and can serve the request, and where it is. An endpoint whose model is not in it, or
//! is somewhere else by now, is refused: neither a stale cluster nor a wrong one can carry a request past the candidate set.

use crate::json;
use crate::splice::{Place, Replaced, Splice, new_length};
use serde::{Deserialize, Serialize};

/// The version of the plan's shape: router and upstream role may be replaced one after the other.
const VERSION: u32 = 3;

/// A header, in lower case, and its value; `None` where it is not sent.
pub type HeaderState = (String, Option<Vec<u8>>);

/// How every attempt of one request is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    v: u32,
    /// Where the model's value stands in the body that leaves the router. Nowhere where only the path names the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    /// The length of that body, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    /// The client's path, of whose end most models' paths consist: a long one stands here once, and not once for each model.
    path: String,
    /// The models that may be tried.
    models: Vec<Stop>,
    /// Whose policy the router decided by: what providers say of their limits is noted for it, and for no other.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    owner: String,
    /// What providers say of their limits says nothing about the requests of others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deaf: bool,
}

/// A model that may be tried, as a plan holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    name: String,
    cluster: String,
    upstream: String,
    /// How its path begins, where it differs from the client's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    head: String,
    /// Where in the client's path the rest of it begins.
    from: usize,
    /// The headers that some model of the plan changes, as they are at this one. A character stands for each byte of a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, Option<String>)>,
    /// All that changes in the body at this model, where that is more than its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    edits: Vec<PlannedEdit>,
}

/// A splice as a plan holds it: where the replaced range begins and ends, what takes its place, and whether it is a name.
type PlannedEdit = (usize, usize, String, bool);

impl Stop {
    fn new(Candidate { name, cluster, upstream, path, headers, edits }: Candidate, clients: &str) -> Self {
        let same = path.bytes().rev().zip(clients.bytes().rev()).take_while(|(own, theirs)| own == theirs).count();
        // Only where a character begins can a text be cut.
        let same = (0..=same).rev().find(|same| path.is_char_boundary(path.len() - same)).unwrap_or_default();
        let head = path.get(..path.len() - same).unwrap_or_default().to_owned();
        let written = |value: Vec<u8>| value.into_iter().map(char::from).collect();
        let headers = headers.into_iter().map(|(name, value)| (name, value.map(written))).collect();
        let planned = |Splice { keep, until, with, what }: Splice| {
            (keep, until, String::from_utf8(with).unwrap_or_default(), what == Replaced::Name)
        };
        let edits = edits.into_iter().map(planned).collect();
        Self { name, cluster, upstream, head, from: clients.len() - same, headers, edits }
    }

    fn path(&self, clients: &str) -> Option<String> {
        Some([&self.head, clients.get(self.from..)?].concat())
    }

    /// What changes in the body.
    fn splices(&self, place: Option<Place>) -> Vec<Splice> {
        if self.edits.is_empty() {
            return place.into_iter().map(|place| place.write(&self.upstream)).collect();
        }
        let edits = self.edits.iter().map(|(keep, until, with, is_name)| Splice {
            keep: *keep,
            until: *until,
            with: with.clone().into_bytes(),
            what: if *is_name { Replaced::Name } else { Replaced::Part },
        });
        edits.collect()
    }

    /// Whether the edits stand in the order of the body, and apart.
    fn is_sound(&self) -> bool {
        let ends = std::iter::once(0).chain(self.edits.iter().map(|(_, until, ..)| *until));
        self.edits.iter().zip(ends).all(|((keep, until, ..), before)| before <= *keep && keep <= until)
    }

    /// `None` where a value is none of ours.
    fn headers(&self) -> Option<Vec<HeaderState>> {
        let read = |value: &String| value.chars().map(|byte| u8::try_from(byte).ok()).collect::<Option<Vec<u8>>>();
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let value = match value {
                Some(value) => Some(read(value)?),
                None => None,
            };
            headers.push((name.clone(), value));
        }
        Some(headers)
    }
}

/// A model that may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name in the catalog: what endpoints are marked with.
    pub(crate) name: String,
    /// The cluster that serves it: endpoints are marked with that, too.
    pub(crate) cluster: String,
    /// Its name in the body.
    pub(crate) upstream: String,
    /// The whole path of the request to it.
    pub(crate) path: String,
    /// The headers that some model of the plan changes, as they are at this one.
    pub(crate) headers: Vec<HeaderState>,
    /// All that changes in the body there, where that is more than its name.
    pub(crate) edits: Vec<Splice>,
}

/// What one attempt changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// `:path`.
    pub path: String,
    /// The headers of the model's own: to set, or to remove.
    pub headers: Vec<HeaderState>,
    /// `content-length`, if the request has one.
    pub content_length: Option<u64>,
    /// The model's value, always written: the body still holds the name that the client asked for. None where it holds no
    /// name.
    pub splices: Vec<Splice>,
}

impl Plan {
    /// `path` is the client's.
    pub(crate) fn new(place: Option<Place>, length: Option<u64>, path: String, models: Vec<Candidate>) -> Self {
        let models = models.into_iter().map(|candidate| Stop::new(candidate, &path)).collect();
        Self { v: VERSION, place, length, path, models, owner: String::new(), deaf: false }
    }

    /// The same, for a request that only its client is served by, or that is a copy: the limits it meets are not everybody's.
    pub(crate) fn deaf(self) -> Self {
        Self { deaf: true, ..self }
    }

    /// Whether what providers say of their limits is about everybody's requests.
    #[must_use]
    pub fn hears(&self) -> bool {
        !self.deaf
    }

    /// The same, of a policy that others in this proxy may stand beside.
    pub(crate) fn owned_by(self, owner: &str) -> Self {
        Self { owner: owner.to_owned(), ..self }
    }

    /// Whose policy the router decided by.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The plan as it travels.
    pub(crate) fn to_json(&self) -> String {
        // Only strings and numbers: there is nothing in it that could fail to be written.
        json::written(self).unwrap_or_default()
    }

    /// Reads a plan; `None` when it is not one of ours.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        let plan: Self = serde_json::from_slice(json).ok()?;
        let is_sound =
            plan.place.is_none_or(|place| place.start <= place.end) && plan.models.iter().all(Stop::is_sound);
        (plan.v == VERSION && is_sound).then_some(plan)
    }

    /// The attempt at a model, on an endpoint of `cluster` if that is known; `None` when this request must not go there.
    #[must_use]
    pub fn attempt(&self, model: &[u8], cluster: Option<&[u8]>) -> Option<Attempt> {
        let candidate = self.models.iter().find(|candidate| candidate.name.as_bytes() == model)?;
        if cluster.is_some_and(|cluster| cluster != candidate.cluster.as_bytes()) {
            return None;
        }
        let splices = candidate.splices(self.place);
        let content_length = self.length.map(|length| new_length(&splices, length));
        Some(Attempt { path: candidate.path(&self.path)?, headers: candidate.headers()?, content_length, splices })
    }
}

/// The latest attempt, as the upstream role leaves it for the router's last look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Its number, from 1.
    pub number: u64,
    /// The model it went to.
    pub model: String,
}

impl Tried {
    /// As it travels.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::written(self).unwrap_or_default()
    }

    /// Reads it; `None` when it is not one of ours.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splice::{Spelling, spliced};
    use proptest::prelude::*;

    fn plan(place: Place, length: Option<u64>) -> Plan {
        let candidate = |name: &str, upstream: &str| Candidate {
            name: name.to_owned(),
            cluster: format!("c-{name}"),
            upstream: upstream.to_owned(),
            path: format!("/{name}/v1/chat/completions"),
            headers: vec![("x-é".to_owned(), Some(b"\xff,\xc3\xa9".to_vec())), ("x-b".to_owned(), None)],
            edits: Vec::new(),
        };
        Plan::new(
            Some(place),
            length,
            "/v1/chat/completions".to_owned(),
            vec![candidate("a", "a-2026"), candidate("b", "say \"b\"")],
        )
    }

    fn check(body: &str, place: (usize, usize, bool), model: &str, expected: &str) {
        let place = Place { start: place.0, end: place.1, more: place.2, spelling: Spelling::Json };
        let sent = plan(place, Some(body.len() as u64)).to_json();
        let attempt =
            Plan::read(sent.as_bytes()).and_then(|plan| plan.attempt(model.as_bytes(), None)).expect("an attempt");
        let [splice] = attempt.splices.as_slice() else { panic!("a splice") };
        assert!(splice.fits(&body.as_bytes()[splice.keep..splice.until]));
        assert_eq!(String::from_utf8_lossy(&spliced(body.as_bytes(), &attempt.splices)), expected);
        assert_eq!(attempt.content_length, Some(expected.len() as u64));
        assert_eq!(attempt.path, format!("/{model}/v1/chat/completions"));
        assert_eq!(attempt.headers, [("x-é".to_owned(), Some(b"\xff,\xc3\xa9".to_vec())), ("x-b".to_owned(), None)]);
    }

    #[test]
    fn a_long_path_stands_in_a_plan_once() {
        let query = format!("?{}é", "q".repeat(50_000));
        let paths: Vec<_> = (0..7).map(|nth| format!("/deployments/é{nth}/chat/completions{query}")).collect();
        let candidate = |(nth, path): (usize, &String)| Candidate {
            name: nth.to_string(),
            cluster: String::new(),
            upstream: String::new(),
            path: path.clone(),
            headers: Vec::new(),
            edits: Vec::new(),
        };
        let models = paths.iter().enumerate().map(candidate).collect();
        let place = Place { start: 1, end: 1, more: false, spelling: Spelling::Json };
        let sent = Plan::new(Some(place), None, format!("/v1/chat/completions{query}"), models).to_json();
        assert!(sent.len() < 52_000, "{}", sent.len());
        let plan = Plan::read(sent.as_bytes()).expect("a plan");
        for (nth, path) in paths.iter().enumerate() {
            let attempt = plan.attempt(nth.to_string().as_bytes(), None).expect("an attempt");
            assert_eq!(&attempt.path, path);
        }
    }

    proptest! {
        #[test]
        fn every_path_is_found_again(clients in "[/aé]{0,6}", own in "[/aé]{0,6}") {
            let candidate = Candidate {
                name: "m".to_owned(), cluster: String::new(), upstream: String::new(), path: own.clone(), headers: Vec::new(), edits: Vec::new(),
            };
            prop_assert_eq!(Stop::new(candidate, &clients).path(&clients), Some(own));
        }
    }

    #[test]
    fn each_attempt_writes_its_own_model_into_the_same_place() {
        let body = r#"{"model": "auto","x":1}"#;
        check(body, (10, 16, false), "a", r#"{"model": "a-2026","x":1}"#);
        check(body, (10, 16, false), "b", r#"{"model": "say \"b\"","x":1}"#);
    }

    #[test]
    fn a_missing_model_is_added() {
        check(r#"{"x":1}"#, (1, 1, true), "a", r#"{"model":"a-2026","x":1}"#);
        check("{ }", (1, 1, false), "a", r#"{"model":"a-2026" }"#);
    }

    #[test]
    fn an_endpoint_outside_the_plan_gets_nothing() {
        let plan = plan(Place { start: 1, end: 1, more: false, spelling: Spelling::Json }, None);
        assert_eq!(plan.attempt(b"c", None), None);
        assert_eq!(plan.attempt(b"", None), None);
        assert_eq!(plan.attempt(b"a", Some(b"c-b")), None);
        assert_eq!(plan.attempt(b"a", Some(b"c-a")).and_then(|attempt| attempt.content_length), None);
    }

    #[test]
    fn what_is_not_a_plan_is_refused() {
        let good = plan(Place { start: 2, end: 4, more: false, spelling: Spelling::Json }, None).to_json();
        assert!(Plan::read(good.as_bytes()).is_some());
        for bad in ["", "{}", "[]", &good.replace("\"v\":3", "\"v\":2"), &good.replace("\"start\":2", "\"start\":5")] {
            assert_eq!(Plan::read(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn bytes_that_are_no_string_are_not_replaced() {
        let place = Place { start: 2, end: 4, more: false, spelling: Spelling::Json };
        let attempt = plan(place, None).attempt(b"a", None).expect("an attempt");
        let [splice] = attempt.splices.as_slice() else { panic!("a splice") };
        assert!(splice.fits(b"\"\"") && splice.fits(b"\"auto\""));
        for wrong in [&b""[..], b"\"", b"x\"", b"\"x", b"tr", b"\"a\n\""] {
            assert!(!splice.fits(wrong));
        }
    }
}
