//! Names that others read: headers, filter state, clusters. Each is spelled once, here.

use crate::percent;

/// Every request header that begins so is Pointsman's; what a client sends under it is removed.
pub const RESERVED_PREFIX: &str = "x-pointsman-";

/// The request header that names the chosen cluster. Routes read it: `cluster_header` in Envoy, a header
/// match in a `VirtualService` or `HTTPRoute`.
pub const CLUSTER_HEADER: &str = "x-pointsman-cluster";

/// The request header that names the cluster to which a copy of the request goes. Routes read it.
pub const MIRROR_HEADER: &str = "x-pointsman-mirror";

/// The header of a copy that holds its plan: a copy has no filter state of the request it was made from.
pub const PLAN_HEADER: &str = "x-pointsman-plan";

/// The header by which an attempt tells Envoy's credential injectors whose turn it is. It ends with the attempt.
pub const PROVIDER_HEADER: &str = "x-pointsman-provider";

/// Envoy's own: how often this request may be tried again.
pub const MAX_RETRIES_HEADER: &str = "x-envoy-max-retries";

/// Envoy's own: how many milliseconds this request may take, all attempts together. Envoy takes it out again.
pub const TIMEOUT_HEADER: &str = "x-envoy-upstream-rq-timeout-ms";

/// The request header by which a client takes compressed answers. Where answers are read, it is not sent on.
pub const ACCEPT_ENCODING: &str = "accept-encoding";

/// The response header that names the model that answered, when the policy asks for it.
pub const MODEL_HEADER: &str = "x-pointsman-model";

/// The response header that names the rule that decided, when the policy asks for it.
pub const RULE_HEADER: &str = "x-pointsman-rule";

/// The response header that holds the reason code, when the policy asks for it.
pub const REASON_HEADER: &str = "x-pointsman-reason";

/// The response header that counts the attempt that answered, when the policy asks for it.
pub const ATTEMPT_HEADER: &str = "x-pointsman-attempt";

/// The response header that says how much of a budget is used, when the policy asks for it: `finance=87%`.
pub const BUDGET_HEADER: &str = "x-pointsman-budget";

/// The response header of `/v1/models` that names the policy's version.
pub const POLICY_HEADER: &str = "x-pointsman-policy";

/// The filter state that holds the decision record: `%FILTER_STATE(wasm.pointsman:PLAIN)%`.
pub const RECORD_PROPERTY: &str = "pointsman";

/// The filter state that holds the plan for a request's attempts.
pub const PLAN_PROPERTY: &str = "pointsman_plan";

/// The filter state that holds the plan for the request's copy.
pub const MIRROR_PLAN_PROPERTY: &str = "pointsman_mirror_plan";

/// The filter state that holds what is known of the latest attempt.
pub const ATTEMPT_PROPERTY: &str = "pointsman_attempt";

/// The filter state that holds what a client is told where the rate limit service finds nothing left of a budget, and how many
/// seconds it had better wait.
pub const REFUSAL_PROPERTIES: [&str; 2] = ["pointsman_refusal", "pointsman_retry_after"];

/// Filter state that holds whose turn it is at a request's first attempt, at its second, and so on: the name of a cluster, by
/// [`attempt_cluster`]. A route looks it up for each attempt. As many as a chain can have models.
pub const TURN_PROPERTIES: [&str; 7] = [
    "pointsman_turn_1",
    "pointsman_turn_2",
    "pointsman_turn_3",
    "pointsman_turn_4",
    "pointsman_turn_5",
    "pointsman_turn_6",
    "pointsman_turn_7",
];

/// A model at the cluster that serves it, as the names of clusters have it: `MODEL>CLUSTER`. What they say of a model they say of
/// one place: a model that has moved is asked by each request where that request's policy has it.
///
/// No model has a `>` in its name, so the first ends it; and what ends a place in [`chain_cluster`] is encoded in the cluster's.
fn place((model, cluster): (&str, &str)) -> String {
    let cluster = percent::encode(cluster.as_bytes(), |byte| byte.is_ascii_graphic() && !b"%,".contains(&byte));
    format!("{model}>{cluster}")
}

/// The cluster of attempts at one model. With `is_alone`, all of the request's models are on one cluster of the deployment's, and
/// a client's own key may stay in it.
#[must_use]
pub fn attempt_cluster(at: (&str, &str), is_alone: bool) -> String {
    let prefix = if is_alone { "own-key:" } else { "" };
    format!("{prefix}try:{}", place(at))
}

/// The cluster that holds the endpoints of one model, for the chains that it is part of.
#[must_use]
pub fn model_cluster(at: (&str, &str)) -> String {
    format!("model:{}", place(at))
}

/// The cluster for copies to a model: what happens to them shall not count against anybody's request.
#[must_use]
pub fn mirror_cluster(at: (&str, &str)) -> String {
    format!("mirror:{}", place(at))
}

/// What [`chain_cluster`] begins with.
pub const CHAIN_PREFIX: &str = "failover:";

/// The cluster that stands for a chain of models, each with its cluster: `failover:A>X,B>Y`.
#[must_use]
pub fn chain_cluster<'a>(models: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let places: Vec<_> = models.into_iter().map(place).collect();
    format!("{CHAIN_PREFIX}{}", places.join(","))
}

/// Whether a request header is one that only Pointsman may set. Names are in lower case.
#[must_use]
pub fn is_reserved(name: &[u8]) -> bool {
    name.starts_with(RESERVED_PREFIX.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_say_where_a_model_is() {
        let (a, b) = (("org/a", "x"), ("b", "outbound|443||y.example"));
        assert_eq!(chain_cluster([a, b]), "failover:org/a>x,b>outbound|443||y.example");
        assert_eq!(model_cluster(b), "model:b>outbound|443||y.example");
        assert_eq!(mirror_cluster(a), "mirror:org/a>x");
        assert_eq!(
            (attempt_cluster(a, false), attempt_cluster(a, true)),
            ("try:org/a>x".into(), "own-key:try:org/a>x".into())
        );
        assert_eq!(model_cluster(("a,b", "x,y%2C")), "model:a,b>x%2Cy%252C");
    }

    proptest! {
        /// Two chains have one name only when they are one chain.
        #[test]
        fn no_name_stands_for_two_chains(
            one in proptest::collection::vec(("[ab,%]{1,3}", "[ab,>%C2]{1,5}"), 1..4),
            other in proptest::collection::vec(("[ab,%]{1,3}", "[ab,>%C2]{1,5}"), 1..4),
        ) {
            let name = |chain: &[(String, String)]| {
                chain_cluster(chain.iter().map(|(model, cluster)| (model.as_str(), cluster.as_str())))
            };
            prop_assert_eq!(name(&one) == name(&other), one == other);
            let (name, mut read) = (name(&one), Vec::new());
            let mut rest = name.strip_prefix(CHAIN_PREFIX);
            while let Some((model, tail)) = rest.and_then(|rest| rest.split_once('>')) {
                let (cluster, more) = tail.split_once(',').map_or((tail, None), |(cluster, more)| (cluster, Some(more)));
                read.push((model.to_owned(), String::from_utf8(percent::decode(cluster.as_bytes())).unwrap()));
                rest = more;
            }
            prop_assert_eq!(read, one);
        }
    }
}
