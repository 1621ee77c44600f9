//! A decision as edits: the bytes to splice and the headers to set.
//!
//! The splices replace names of models, and what a model's parameters and a tenant's cap say ([`parameters`]), and nothing else:
//! key order, white space, number spelling and unknown fields reach the upstream as the client wrote them.

pub(crate) mod asking;
mod parameters;
mod path;

pub(crate) use parameters::{OutputCap, is_limited};

use crate::api::Api;
use crate::attempt::{Candidate, HeaderState, Plan};
use crate::budget::Bill;
use crate::decide::kept::Kept;
use crate::keys::Accounts;
use crate::names;
use crate::policy::{HeaderSlot, HeaderText, HeaderTo, Model, Policy};
use crate::record::Record;
use crate::request::endpoint::Called;
use crate::request::envelope::{DIGESTS, Envelope};
use crate::request::facts::Facts;
use crate::request::model::AskedModel;
use crate::splice::{Place, Replaced, Spelling, Splice, new_length, quoted};
use parameters::Changes;
use path::path_at;
use pointsman_document::duration::Duration;
use std::sync::Arc;

/// What a decision changes in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edits {
    /// The ranges of the body that change, in its order; none when the name stays as it is.
    pub splices: Vec<Splice>,
    /// Headers of the chosen model's own: to set, or to remove.
    pub model_headers: Vec<HeaderState>,
    /// Headers to set, over whatever is there.
    pub set_headers: Vec<(&'static str, String)>,
    /// Headers to remove: they describe the body as it was.
    pub remove_headers: Vec<&'static str>,
    /// The exact new content-length, when the client sent one and the splices change it.
    pub content_length: Option<u64>,
    /// The decision record, for filter state.
    pub record: Arc<Record>,
    /// What it takes of budgets, if any count it.
    pub bill: Option<Bill>,
    /// More for filter state: what the request's attempts and its copy need to know.
    pub state: Vec<(&'static str, String)>,
}

impl Edits {
    /// Nothing changes.
    pub(crate) fn none(record: Arc<Record>) -> Self {
        let (set_headers, remove_headers, state) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            splices: Vec::new(),
            model_headers: Vec::new(),
            set_headers,
            remove_headers,
            content_length: None,
            record,
            bill: None,
            state,
        }
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

    fn candidate(&self, headers: Vec<HeaderState>, edits: Vec<Splice>) -> Candidate {
        Candidate {
            name: self.model.name().to_owned(),
            cluster: self.model.cluster().to_owned(),
            upstream: self.model.upstream_model().to_owned(),
            headers,
            edits,
            // Where the model has a path of its own, the client's keys are gone already.
            path: if self.model.path.is_some() { self.path.clone() } else { self.accounts.without(&self.path) },
        }
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
    /// The client's own, of those that models change.
    pub(crate) header: &'a dyn Fn(HeaderSlot) -> Option<&'a HeaderText>,
    /// Whose policy it is.
    pub(crate) owner: &'a str,
    pub(crate) chain: &'a [Destination<'a>],
    pub(crate) mirror: Option<&'a Destination<'a>>,
    pub(crate) api: Api,
    /// The most that the tenant's answers may have.
    pub(crate) cap: Option<&'a OutputCap>,
    /// How long all attempts may take together.
    pub(crate) timeout: Option<Duration>,
    /// The models that the body names besides the one asked for, in its order. All that is sent to serves them.
    pub(crate) besides: &'a [&'a Model],
    /// Who keeps what the request goes on from.
    pub(crate) kept: Option<&'a Kept>,
    /// Whether providers are asked for what a stream takes.
    pub(crate) asks: bool,
    /// Whether its answer is read on the way back, and so must not be compressed.
    pub(crate) reads_answer: bool,
}

/// Where the value stands in the body that leaves the router, for those who will write it again, and how long that body is.
type Leaving = (Option<Place>, Option<u64>);

impl Sent<'_> {
    /// The edits that send it on its way, and its copy on another.
    pub(crate) fn edits(&self, mut record: Record) -> Edits {
        let (changed, names) = self.chain.first().map(|first| self.changes(first.model)).unwrap_or_default();
        record.changed = names;
        let is_changed = !record.changed.is_empty();
        let mut edits = Edits::none(Arc::new(record));
        edits.splices = self.besides();
        self.take_signature_off(&mut edits.splices);
        let leaving = match self.chain {
            [only] => self.write(only, changed, &mut edits),
            several => self.plan(several, changed, &mut edits),
        };
        if let Some(mirror) = self.mirror {
            // Of a body that has been changed for the one model, a copy is made as it is.
            let own = if is_changed && self.chain.len() == 1 { Vec::new() } else { self.changes(mirror.model).0 };
            self.copy(mirror, leaving, shifted(own, &edits.splices), &mut edits);
        }
        if self.reads_answer {
            edits.remove_headers.push(names::ACCEPT_ENCODING);
        }
        if self.envelope.has_digest && (!edits.splices.is_empty() || !edits.state.is_empty()) {
            edits.remove_headers.extend(DIGESTS);
        }
        if let Some(timeout) = self.timeout {
            edits.set_headers.push((names::TIMEOUT_HEADER, timeout.whole_milliseconds().to_string()));
        }
        let cluster = match self.chain {
            [only] => only.model.cluster().to_owned(),
            several => names::chain_cluster(several.iter().map(|destination| destination.model.place())),
        };
        edits.set_headers.push((names::CLUSTER_HEADER, cluster));
        edits
    }

    fn headers(&self, model: &Model, models: &[&Model]) -> Vec<HeaderState> {
        headers(self.header, model, models)
    }

    /// What a model and the tenant's cap change in the body besides the model's name: all splices, and the names of the fields;
    /// none where that is nothing.
    #[inline(never)]
    fn changes(&self, model: &Model) -> (Vec<Splice>, Vec<Box<str>>) {
        let parameters = model.parameters_of(self.api);
        let Some(members) = self.facts.members().filter(|_| self.asks || self.cap.is_some() || !parameters.is_empty())
        else {
            return Default::default();
        };
        let mut changes = Changes::new(members, &parameters, self.cap);
        if self.asks {
            changes.ask_for_usage(&parameters);
        }
        if changes.is_empty() {
            return Default::default();
        }
        (changes.splices(place(self.facts), model.upstream_model()), changes.names())
    }

    /// What the provider calls the other models that the body names.
    fn besides(&self) -> Vec<Splice> {
        let named = self.facts.named_besides().unwrap_or_default().iter().zip(self.besides);
        let name = |(named, model): (&AskedModel, &&Model)| {
            let (place, upstream) = (place_of(self.facts, named), model.upstream_model());
            (named.name != upstream || !place.holds(upstream)).then(|| place.write(upstream))
        };
        named.filter_map(name).collect()
    }

    /// Writes the id of the response that the request goes on from as its provider knows it.
    #[inline(never)]
    fn take_signature_off(&self, splices: &mut Vec<Splice>) {
        let Some((kept, reference)) = self.kept.zip(self.facts.reference().flatten()) else { return };
        let (keep, until) = (offset(reference.start), offset(reference.end));
        let at = splices.iter().take_while(|other| other.keep < keep).count();
        splices.insert(at, Splice { keep, until, with: quoted(&kept.id).into_bytes(), what: Replaced::Name });
    }

    /// Writes the one model that there is, and what else changes with it.
    fn write(&self, only: &Destination<'_>, changed: Vec<Splice>, edits: &mut Edits) -> Leaving {
        let place = place(self.facts);
        let (name, stands) = (only.model.upstream_model(), self.facts.model_value());
        let mut stays = place.map(|place| place.after(&edits.splices));
        if !changed.is_empty() {
            edits.splices = merged(changed, std::mem::take(&mut edits.splices));
            stays = place.map(|place| place.among(&edits.splices, name));
        } else if let Some(place) = place
            && !stands.is_some_and(|asked| asked.name == name && place.holds(name))
        {
            stays = stays.map(|stays| stays.written(name));
            let at = edits.splices.iter().take_while(|other| other.keep < place.start).count();
            edits.splices.insert(at, place.write(name));
        }
        let leaving = (stays, self.envelope.content_length.map(|length| new_length(&edits.splices, length)));
        edits.content_length = leaving.1.filter(|length| Some(*length) != self.envelope.content_length);
        edits.model_headers = self.headers(only.model, &[only.model]);
        if only.path != self.path {
            edits.set_headers.push((":path", only.path.clone()));
        }
        leaving
    }

    /// Leaves a plan. Each attempt writes its own model: it is not written here. `first` is what else changes at the first.
    fn plan(&self, several: &[Destination<'_>], first: Vec<Splice>, edits: &mut Edits) -> Leaving {
        let place = place(self.facts).map(|place| place.after(&edits.splices));
        let leaving = (place, self.envelope.content_length.map(|length| new_length(&edits.splices, length)));
        edits.content_length = leaving.1.filter(|length| Some(*length) != self.envelope.content_length);
        let all: Vec<_> = several.iter().map(|destination| destination.model).collect();
        let others = several.iter().skip(1).map(|destination| self.changes(destination.model).0);
        let models = several.iter().zip(std::iter::once(first).chain(others)).map(|(destination, changed)| {
            let headers = self.headers(destination.model, &all);
            destination.candidate(headers, shifted(changed, &edits.splices))
        });
        let models = models.collect();
        let path = several.first().map(|first| first.accounts.without(self.path)).unwrap_or_default();
        let plan = Plan::new(leaving.0, leaving.1, path, models).owned_by(self.owner);
        // A client's own key goes only to chains within one cluster, if at all.
        let mut clusters = several.iter().map(|destination| destination.model.cluster());
        let first = clusters.next();
        let is_alone = clusters.all(|other| Some(other) == first);
        let plan = if self.is_private && is_alone { plan.deaf() } else { plan };
        edits.state.push((names::PLAN_PROPERTY, plan.to_json()));
        let turns = several.iter().map(|Destination { model, .. }| names::attempt_cluster(model.place(), is_alone));
        edits.state.extend(names::TURN_PROPERTIES.into_iter().zip(turns));
        edits.set_headers.push((names::MAX_RETRIES_HEADER, several.len().saturating_sub(1).to_string()));
        leaving
    }

    /// Sends a copy, with a plan of its own for what leaves here.
    fn copy(&self, mirror: &Destination<'_>, (place, length): Leaving, own: Vec<Splice>, edits: &mut Edits) {
        // Some Envoys make the copy of what an attempt has written.
        let mut all = vec![mirror.model];
        all.extend(self.chain.iter().map(|destination| destination.model));
        let models = vec![mirror.candidate(self.headers(mirror.model, &all), own)];
        let plan = Plan::new(place, length, mirror.accounts.without(self.path), models).deaf().to_json();
        edits.state.push((names::MIRROR_PLAN_PROPERTY, plan));
        edits.set_headers.push((names::MIRROR_HEADER, names::mirror_cluster(mirror.model.place())));
    }
}

/// What sends a request without a body to a model's cluster: it names no model that could be written.
pub(crate) fn recalling<'a>(
    to: &Destination<'_>,
    header: &dyn Fn(HeaderSlot) -> Option<&'a HeaderText>,
    record: Record,
) -> Edits {
    let mut edits = Edits::none(Arc::new(record));
    edits.model_headers = headers(header, to.model, &[to.model]);
    edits.set_headers = vec![(":path", to.path.clone()), (names::CLUSTER_HEADER, to.model.cluster().to_owned())];
    edits.remove_headers.push(names::ACCEPT_ENCODING);
    edits
}

/// The headers at a model, of those that any of `models` changes: all of them, since one attempt finds what the one before
/// has written.
#[inline(never)]
fn headers<'a>(
    header: &dyn Fn(HeaderSlot) -> Option<&'a HeaderText>,
    model: &Model,
    models: &[&Model],
) -> Vec<HeaderState> {
    let clients = |slot| header(slot).map(|text| text.as_bytes().to_vec());
    let mut headers: Vec<HeaderState> = Vec::new();
    for change in models.iter().flat_map(|model| &model.header_changes) {
        if headers.iter().any(|(name, _)| *name == change.name) {
            continue;
        }
        let own = model.header_changes.iter().find(|own| own.name == change.name);
        let value = match own.map(|own| &own.to) {
            None => clients(change.slot),
            Some(HeaderTo::Nothing) => None,
            Some(HeaderTo::Value(value)) => Some(value.clone().into_bytes()),
            Some(HeaderTo::ValueOf(old)) => clients(change.slot).or_else(|| clients(*old)),
        };
        headers.push((change.name.clone(), value));
    }
    headers
}

/// Splices for a body in which these others have been made already, of which one may write the model, too.
#[inline(never)]
fn shifted(mut splices: Vec<Splice>, made: &[Splice]) -> Vec<Splice> {
    for splice in &mut splices {
        let Splice { keep, until, .. } = *splice;
        let shifted = |at: usize, includes_added: bool| {
            let in_front = made.iter().filter(|other| {
                other.until <= at
                    && (includes_added || other.until != other.keep || other.keep != keep || until != keep)
            });
            in_front.fold(at, |at, other| at + other.with.len() - other.replaced())
        };
        (splice.keep, splice.until) = (shifted(keep, false), shifted(until, true));
    }
    splices
}

/// Splices of two kinds in the order of the body. What the first kind replaces is gone for the second.
#[inline(never)]
fn merged(splices: Vec<Splice>, others: Vec<Splice>) -> Vec<Splice> {
    let mut all = splices;
    for other in others {
        if !all.iter().any(|splice| splice.keep <= other.keep && other.until <= splice.until) {
            let at = all.iter().take_while(|splice| splice.keep < other.keep).count();
            all.insert(at, other);
        }
    }
    all
}

/// Where the model's value stands, or will stand; `None` where it is none of the body's.
fn place(facts: &Facts) -> Option<Place> {
    if !facts.takes_model() {
        return None;
    }
    Some(facts.model_value().map_or_else(
        || {
            let (inside, more) = facts.inside();
            let spelling = facts.boundary().map_or(Spelling::Json, Spelling::Part);
            Place { start: offset(inside), end: offset(inside), more, spelling }
        },
        |asked| place_of(facts, asked),
    ))
}

/// Where a name stands.
fn place_of(facts: &Facts, named: &AskedModel) -> Place {
    let spelling = facts.boundary().map_or(Spelling::Json, |_| Spelling::Content);
    Place { start: offset(named.start), end: offset(named.end), more: false, spelling }
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
        Envelope { content_length: Some(body.len() as u64), has_digest: true, boundary: None }
    }

    fn sent(body: &str, chain: &[Destination<'_>], mirror: Option<&Destination<'_>>) -> Edits {
        let (facts, path) = (&facts(body), "/v1/moderations");
        let sent = Sent {
            facts,
            envelope: envelope(body),
            is_private: true,
            path,
            header: &|_| None,
            api: Api::Moderations,
            cap: None,
            owner: "a",
            chain,
            mirror,
            timeout: None,
            besides: &[],
            kept: None,
            asks: false,
            reads_answer: false,
        };
        sent.edits(Record::new(Disposition::Route, Reason::Rule))
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
        let mirror = (names::MIRROR_HEADER, "mirror:azure>d".to_owned());
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
            [(names::MAX_RETRIES_HEADER, "1".to_owned()), (names::CLUSTER_HEADER, "failover:m>c,azure>d".to_owned())];
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
