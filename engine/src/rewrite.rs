//! A decision as edits: the bytes to splice and the headers to set.
//!
//! The splices replace names of models and nothing else, so key order, white space, number spelling and
//! unknown fields reach the upstream as the client wrote them.

use crate::attempt::{Candidate, Plan};
use crate::keys::Accounts;
use crate::names;
use crate::policy::{Model, ModelPath, Policy};
use crate::record::Record;
use crate::request::endpoint::Called;
use crate::request::envelope::{DIGESTS, Envelope};
use crate::request::facts::Facts;
use crate::request::model::AskedModel;
use crate::splice::{Place, Splice, new_length};
use std::sync::Arc;

/// What a decision changes in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edits {
    /// The ranges of the body that change, in its order; none when the name stays as it is.
    pub splices: Vec<Splice>,
    /// Headers to set, over whatever is there.
    pub set_headers: Vec<(&'static str, String)>,
    /// Headers to remove: they describe the body as it was.
    pub remove_headers: Vec<&'static str>,
    /// The exact new content-length, when the client sent one and the splices change it.
    pub content_length: Option<u64>,
    /// The decision record, for filter state.
    pub record: Arc<Record>,
    /// More for filter state: what the request's attempts and its copy need to know.
    pub state: Vec<(&'static str, String)>,
}

impl Edits {
    /// Nothing changes.
    pub(crate) fn none(record: Arc<Record>) -> Self {
        let (set_headers, remove_headers, state) = (Vec::new(), Vec::new(), Vec::new());
        Self { splices: Vec::new(), set_headers, remove_headers, content_length: None, record, state }
    }
}

/// A model that a request, or its copy, goes to.
#[derive(Clone, Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) model: &'a Model,
    /// The whole path of the request there.
    pub(crate) path: String,
    accounts: &'a Accounts,
}

impl<'a> Destination<'a> {
    pub(crate) fn new(policy: &'a Policy, model: &'a Model, called: &Called<'_>) -> Self {
        let accounts = policy.accounts();
        Self { model, path: path_at(model.path.as_ref(), model.upstream_model(), called, accounts), accounts }
    }

    fn candidate(&self) -> Candidate {
        Candidate {
            name: self.model.name().to_owned(),
            cluster: self.model.cluster().to_owned(),
            upstream: self.model.upstream_model().to_owned(),
            // Where the model has a path of its own, the client's keys are gone already.
            path: if self.model.path.is_some() { self.path.clone() } else { self.accounts.without(&self.path) },
        }
    }
}

/// The path at a model: the API's own, or that of a model that is served elsewhere, whose prefix stands in for `/v1`.
fn path_at(there: Option<&ModelPath>, upstream_model: &str, called: &Called<'_>, accounts: &Accounts) -> String {
    let prefix = there.map(|there| there.prefix.as_str());
    let naming = called.naming(prefix, upstream_model);
    let names_model = naming.is_some();
    let path = naming.unwrap_or_else(|| {
        let own = &called.own;
        let Some(prefix) = prefix else { return own.clone() };
        format!("{prefix}{}", own.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(own))
    });
    match (there, called.query) {
        (Some(ModelPath { query: Some(own), .. }), clients) => {
            // How an answer is streamed is the client's to say, and Google's clients say it in the query.
            let alt = clients.unwrap_or_default().split('&').find(|parameter| parameter.starts_with("alt="));
            match alt.filter(|_| names_model) {
                Some(alt) => format!("{path}?{own}&{alt}"),
                None => format!("{path}?{own}"),
            }
        }
        (Some(_), Some(clients)) => accounts.without(&format!("{path}?{clients}")),
        (None, Some(clients)) if called.is_azures => {
            // The version of Azure's API is a version of nobody else's.
            let kept = clients.split('&').filter(|parameter| !parameter.starts_with("api-version="));
            let kept = kept.collect::<Vec<_>>().join("&");
            if kept.is_empty() { path } else { format!("{path}?{kept}") }
        }
        (None, Some(clients)) => format!("{path}?{clients}"),
        (_, None) => path,
    }
}

/// A request that has been given its models.
pub(crate) struct Sent<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) envelope: Envelope,
    /// Whether what its providers say of their limits is nothing for others.
    pub(crate) is_private: bool,
    /// The client's.
    pub(crate) path: &'a str,
    /// Whose policy it is.
    pub(crate) owner: &'a str,
    pub(crate) chain: &'a [Destination<'a>],
    pub(crate) mirror: Option<&'a Destination<'a>>,
    /// The models that the body names besides the one asked for, in its order. All that is sent to serves them.
    pub(crate) besides: &'a [&'a Model],
}

/// Where the value stands in the body that leaves the router, for those who will write it again, and how long that body is.
type Leaving = (Option<Place>, Option<u64>);

impl Sent<'_> {
    /// The edits that send it on its way, and its copy on another.
    pub(crate) fn edits(&self, record: Arc<Record>) -> Edits {
        let mut edits = Edits::none(record);
        edits.splices = self.besides();
        let leaving = match self.chain {
            [only] => self.write(only, &mut edits),
            several => self.plan(several, &mut edits),
        };
        if let Some(mirror) = self.mirror {
            self.copy(mirror, leaving, &mut edits);
        }
        if self.envelope.has_digest && (!edits.splices.is_empty() || !edits.state.is_empty()) {
            edits.remove_headers = DIGESTS.to_vec();
        }
        let cluster = match self.chain {
            [only] => only.model.cluster().to_owned(),
            several => names::chain_cluster(several.iter().map(|destination| destination.model.name())),
        };
        edits.set_headers.push((names::CLUSTER_HEADER, cluster));
        edits
    }

    /// What the provider calls the other models that the body names.
    fn besides(&self) -> Vec<Splice> {
        let named = self.facts.named_besides().unwrap_or_default().iter().zip(self.besides);
        let name = |(named, model): (&AskedModel, &&Model)| {
            let (place, upstream) = (place_of(named), model.upstream_model());
            (named.name != upstream || !place.holds(upstream)).then(|| place.write(upstream))
        };
        named.filter_map(name).collect()
    }

    /// Writes the one model that there is.
    fn write(&self, only: &Destination<'_>, edits: &mut Edits) -> Leaving {
        let place = place(self.facts);
        let (name, stands) = (only.model.upstream_model(), self.facts.model_value());
        let mut stays = place.map(|place| place.after(&edits.splices));
        if let Some(place) = place
            && !stands.is_some_and(|asked| asked.name == name && place.holds(name))
        {
            stays = stays.map(|stays| stays.written(name));
            let at = edits.splices.iter().take_while(|other| other.keep < place.start).count();
            edits.splices.insert(at, place.write(name));
        }
        let leaving = (stays, self.envelope.content_length.map(|length| new_length(&edits.splices, length)));
        edits.content_length = leaving.1.filter(|length| Some(*length) != self.envelope.content_length);
        if only.path != self.path {
            edits.set_headers.push((":path", only.path.clone()));
        }
        leaving
    }

    /// Leaves a plan. Each attempt writes its own model: it is not written here.
    fn plan(&self, several: &[Destination<'_>], edits: &mut Edits) -> Leaving {
        let place = place(self.facts).map(|place| place.after(&edits.splices));
        let leaving = (place, self.envelope.content_length.map(|length| new_length(&edits.splices, length)));
        edits.content_length = leaving.1.filter(|length| Some(*length) != self.envelope.content_length);
        let models = several.iter().map(Destination::candidate).collect();
        let path = several.first().map(|first| first.accounts.without(self.path)).unwrap_or_default();
        let plan = Plan::new(leaving.0, leaving.1, path, models).owned_by(self.owner);
        // A client's own key goes only to chains within one cluster, if at all.
        let mut clusters = several.iter().map(|destination| destination.model.cluster());
        let first = clusters.next();
        let is_alone = clusters.all(|other| Some(other) == first);
        let plan = if self.is_private && is_alone { plan.deaf() } else { plan };
        edits.state.push((names::PLAN_PROPERTY, plan.to_json()));
        let turns = several
            .iter()
            .map(|Destination { model, .. }| names::attempt_cluster(model.name(), model.cluster(), is_alone));
        edits.state.extend(names::TURN_PROPERTIES.into_iter().zip(turns));
        edits.set_headers.push((names::MAX_RETRIES_HEADER, several.len().saturating_sub(1).to_string()));
        leaving
    }

    /// Sends a copy, with a plan of its own for what leaves here.
    fn copy(&self, mirror: &Destination<'_>, (place, length): Leaving, edits: &mut Edits) {
        let plan =
            Plan::new(place, length, mirror.accounts.without(self.path), vec![mirror.candidate()]).deaf().to_json();
        edits.state.push((names::MIRROR_PLAN_PROPERTY, plan));
        edits.set_headers.push((names::MIRROR_HEADER, names::mirror_cluster(mirror.model.name())));
    }
}

/// Where the model's value stands, or will stand; `None` where it is none of the body's.
fn place(facts: &Facts) -> Option<Place> {
    if !facts.takes_model() {
        return None;
    }
    Some(facts.model_value().map_or_else(
        || {
            let (inside, more) = facts.inside();
            Place { start: offset(inside), end: offset(inside), more }
        },
        place_of,
    ))
}

/// Where a name stands.
fn place_of(named: &AskedModel) -> Place {
    Place { start: offset(named.start), end: offset(named.end), more: false }
}

/// An offset that memory cannot have fails at the host, and the request with it.
fn offset(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Api;
    use crate::policy::Policy;
    use crate::reason::Reason;
    use crate::record::Disposition;
    use crate::request::reader::{Sought, Wanted};
    use crate::splice::spliced;

    fn facts(body: &str) -> Facts {
        let mut facts = Facts::new(Api::Moderations, Wanted::default(), Sought::default(), 128, 1 << 20);
        facts.push(body.as_bytes()).and_then(|()| facts.finish()).expect("a good body");
        facts
    }

    fn policy(model: &str) -> Policy {
        let policy = serde_json::json!({ "models": [
            { "name": "m", "cluster": "c", "upstreamModel": model },
            { "name": "azure", "cluster": "d", "path": { "prefix": "/openai/deployments/x", "query": "api-version=1" } },
        ] });
        Policy::from_json(policy.to_string().as_bytes()).expect("a policy")
    }

    fn envelope(body: &str) -> Envelope {
        Envelope { content_length: Some(body.len() as u64), has_digest: true }
    }

    fn sent(body: &str, chain: &[Destination<'_>], mirror: Option<&Destination<'_>>) -> Edits {
        let (facts, path) = (&facts(body), "/v1/moderations");
        let sent =
            Sent { facts, envelope: envelope(body), is_private: true, path, owner: "a", chain, mirror, besides: &[] };
        sent.edits(Arc::new(Record::new(Disposition::Route, Reason::Rule)))
    }

    fn after(body: &str, splices: &[Splice]) -> String {
        String::from_utf8(spliced(body.as_bytes(), splices)).expect("text")
    }

    fn check(body: &str, model: &str, expected: &str) {
        let policy = policy(model);
        let to = |name: &str| {
            Destination::new(&policy, policy.model_named(name).expect("a model"), &Called::new("/v1/moderations", &[]))
        };
        let edits = sent(body, &[to("m")], Some(&to("azure")));
        let spliced = after(body, &edits.splices);
        assert_eq!(spliced, expected);
        assert_eq!(edits.content_length, (spliced.len() != body.len()).then_some(spliced.len() as u64));
        assert_eq!(edits.remove_headers, DIGESTS);
        let mirror = (names::MIRROR_HEADER, "mirror:azure".to_owned());
        assert_eq!(edits.set_headers, [mirror, (names::CLUSTER_HEADER, "c".to_owned())]);
        // The copy is written into what leaves the router.
        let [(names::MIRROR_PLAN_PROPERTY, plan)] = edits.state.as_slice() else { panic!("a plan for the copy") };
        assert!(Plan::read(plan.as_bytes()).is_some_and(|plan| !plan.hears()), "a copy's limits are nobody else's");
        let copy = Plan::read(plan.as_bytes()).and_then(|plan| plan.attempt(b"azure", Some(b"d"))).expect("an attempt");
        let [splice] = copy.splices.as_slice() else { panic!("a splice") };
        assert!(splice.fits(&spliced.as_bytes()[splice.keep..splice.until]));
        let anew = place(&facts(body)).map(|place| place.write("azure"));
        assert_eq!(after(&spliced, &copy.splices), after(body, anew.as_slice()));
        assert_eq!(copy.content_length, Some(after(&spliced, &copy.splices).len() as u64));
    }

    #[test]
    fn a_chain_is_written_by_its_attempts() {
        let body = r#"{"model":"asked"}"#;
        let policy = policy("m-1");
        let to = |name: &str| {
            Destination::new(&policy, policy.model_named(name).expect("a model"), &Called::new("/v1/moderations", &[]))
        };
        let edits = sent(body, &[to("m"), to("azure")], None);
        assert_eq!((edits.splices, edits.content_length), (Vec::new(), None));
        let headers =
            [(names::MAX_RETRIES_HEADER, "1".to_owned()), (names::CLUSTER_HEADER, "failover:m>azure".to_owned())];
        assert_eq!(edits.set_headers, headers);
        let [(names::PLAN_PROPERTY, plan), turns @ ..] = edits.state.as_slice() else { panic!("a plan") };
        let clusters = ["try:m>c".to_owned(), "try:azure>d".to_owned()];
        assert_eq!(turns, names::TURN_PROPERTIES.into_iter().zip(clusters).collect::<Vec<_>>());
        let plan = Plan::read(plan.as_bytes()).expect("a plan");
        let attempt = plan.attempt(b"azure", Some(b"d")).expect("an attempt");
        assert_eq!(attempt.path, "/openai/deployments/x/moderations?api-version=1");
        assert_eq!(after(body, &attempt.splices), r#"{"model":"azure"}"#);
        assert_eq!(plan.attempt(b"m", None).map(|attempt| attempt.path).as_deref(), Some("/v1/moderations"));
    }

    fn prefixes() -> [String; 2] {
        ["/llm".to_owned(), "/api/v3".to_owned()]
    }

    #[test]
    fn a_model_can_be_served_under_another_path() {
        let there = ModelPath { prefix: "/openai/deployments/x".to_owned(), query: None };
        let check = |path: &str, expected: &str| {
            assert_eq!(path_at(Some(&there), "m", &Called::new(path, &prefixes()), &Accounts::default()), expected);
        };
        check("/v1/chat/completions", "/openai/deployments/x/chat/completions");
        check("/llm/v1/chat/completions?a=b", "/openai/deployments/x/chat/completions?a=b");
        check("/chat/completions", "/openai/deployments/x/chat/completions");
        check("/v2/rerank", "/openai/deployments/x/v2/rerank");
        check("/v1/chat/completions?key=secret&a=b&api-key=x", "/openai/deployments/x/chat/completions?a=b");
        check("/v1/chat/completions?key=secret", "/openai/deployments/x/chat/completions");
    }

    #[test]
    fn a_model_without_a_path_is_served_where_its_api_is() {
        let check = |path: &str, expected: &str| {
            assert_eq!(path_at(None, "m", &Called::new(path, &prefixes()), &Accounts::default()), expected);
        };
        check("/v1/chat/completions?key=a", "/v1/chat/completions?key=a");
        check("/llm/v1/chat/completions?a=b", "/v1/chat/completions?a=b");
        check("/api/v3/responses", "/v1/responses");
        check("/messages", "/v1/messages");
        check("/llm/api/chat", "/api/chat");
        check("/rerank?", "/rerank?");
        check("/openai/deployments/d/chat/completions?api-version=1", "/v1/chat/completions");
        check("/llm/openai/deployments/d/chat/completions?api-version=1&a=b", "/v1/chat/completions?a=b");
        check("/openai/responses?api-version=preview", "/v1/responses");
        check("/openai/v1/chat/completions", "/v1/chat/completions");
        check("/llm/v1beta/models/x%2Fy:generateContent?key=k", "/v1beta/models/m:generateContent?key=k");
        check("/model/x%3A1/converse", "/model/m/converse");
    }

    #[test]
    fn a_model_in_the_path_is_another_one_there() {
        let check = |prefix: &str, query: Option<&str>, path: &str, expected: &str| {
            let there = ModelPath { prefix: prefix.to_owned(), query: query.map(ToOwned::to_owned) };
            assert_eq!(path_at(Some(&there), "m:1", &Called::new(path, &prefixes()), &Accounts::default()), expected);
        };
        let (azure, vertex) = ("/openai/deployments/e", "/v1/projects/p/locations/eu/publishers/google");
        check(
            azure,
            None,
            "/openai/deployments/d/embeddings?api-version=1",
            "/openai/deployments/e/embeddings?api-version=1",
        );
        check(
            azure,
            Some("api-version=2"),
            "/openai/deployments/d/embeddings?api-version=1",
            "/openai/deployments/e/embeddings?api-version=2",
        );
        check(azure, None, "/openai/v1/responses?api-version=1", "/openai/deployments/e/responses?api-version=1");
        let stream = "/llm/v1beta/models/x:streamGenerateContent?alt=sse&key=k";
        check(vertex, None, stream, &format!("{vertex}/models/m%3A1:streamGenerateContent?alt=sse"));
        check(vertex, Some("a=b"), stream, &format!("{vertex}/models/m%3A1:streamGenerateContent?a=b&alt=sse"));
        let elsewhere = "/v1/projects/x/locations/us/publishers/google/models/g:countTokens";
        check(vertex, None, elsewhere, &format!("{vertex}/models/m%3A1:countTokens"));
        check("/aws", None, "/model/x/converse-stream", "/aws/model/m%3A1/converse-stream");
    }

    #[test]
    fn only_the_value_changes() {
        check(r#"{ "x": 1.0e0, "model" :"a" ,"y":[ ]}"#, "bcd", r#"{ "x": 1.0e0, "model" :"bcd" ,"y":[ ]}"#);
        check(r#"{"model":"a"}"#, "say \"hi\"", r#"{"model":"say \"hi\""}"#);
        check(r#"{"model":"\u0061"}"#, "a", r#"{"model":"a"}"#);
        check(r#"{"model":"a"}"#, "a", r#"{"model":"a"}"#);
    }

    #[test]
    fn a_missing_model_becomes_the_first_member() {
        check(r#" {"input":"x"}"#, "m", r#" {"model":"m","input":"x"}"#);
        check("{ }", "m", r#"{"model":"m" }"#);
    }

    #[test]
    fn a_blank_model_is_replaced() {
        check(r#"{"input":"x","model":null}"#, "m", r#"{"input":"x","model":"m"}"#);
        check(r#"{"model": "" ,"input":"x"}"#, "m", r#"{"model": "m" ,"input":"x"}"#);
        check(r#"{"model":"\t","input":"x"}"#, "m", r#"{"model":"m","input":"x"}"#);
    }
}
