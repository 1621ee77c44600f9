//! Names that others read: headers, filter state. Each is spelled once, here.

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

/// The cluster of attempts at one model, where that is at one of the deployment's clusters: a model that has moved is asked by
/// each request where that request's policy has it. With `is_alone`, all of the request's models are on that cluster, and a
/// client's own key may stay in it. No model has a `>` in its name.
#[must_use]
pub fn attempt_cluster(model: &str, cluster: &str, is_alone: bool) -> String {
    let prefix = if is_alone { "own-key:" } else { "" };
    format!("{prefix}try:{model}>{cluster}")
}

/// The cluster that holds the endpoints of one model, for the chains that it is part of.
#[must_use]
pub fn model_cluster(model: &str) -> String {
    format!("model:{model}")
}

/// The cluster for copies to a model: what happens to them shall not count against anybody's request.
#[must_use]
pub fn mirror_cluster(model: &str) -> String {
    format!("mirror:{model}")
}

/// The cluster that stands for a chain of models. No model has a `>` in its name.
#[must_use]
pub fn chain_cluster<'a>(models: impl IntoIterator<Item = &'a str>) -> String {
    let models: Vec<&str> = models.into_iter().collect();
    format!("failover:{}", models.join(">"))
}

/// Whether a request header is one that only Pointsman may set. Names are in lower case.
#[must_use]
pub fn is_reserved(name: &[u8]) -> bool {
    name.starts_with(RESERVED_PREFIX.as_bytes())
}
