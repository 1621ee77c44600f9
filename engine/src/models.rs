//! `GET /v1/models` and Ollama's `GET /api/tags`: the names that this caller can really use with its client's API.

use crate::api::{Api, ApiSet, Family};
use crate::decide::attributes::Attributes;
use crate::policy::{Conditions, DefaultAction, ModelId, Policy, Rule, RuleAction};
use serde_json::{Value, json};

/// One name of the list.
struct Entry<'a> {
    name: &'a str,
    owner: &'a str,
    /// How many tokens the model takes, where the policy says it.
    context: Option<u64>,
}

/// Names in the order of the policy: models first, then aliases that stand for one name.
fn entries<'a>(policy: &'a Policy, caller: &Attributes) -> Vec<Entry<'a>> {
    let list = List { policy, caller, apis: apis_of(caller.api.family()) };
    let models = policy
        .models()
        .filter(|(id, model)| list.can_serve(*id) && list.can_use(model.name(), Some(*id)))
        .map(|(_, model)| Entry {
            name: model.name(),
            owner: model.label("vendor").unwrap_or("pointsman"),
            context: model.context_window.map(|window| window.tokens),
        });
    let aliases = policy.aliases().filter_map(|alias| {
        let name = alias.pattern.exact().filter(|name| list.can_use(name, alias.model))?;
        let context = alias.model.and_then(|model| policy.model(model)?.context_window).map(|window| window.tokens);
        Some(Entry { name, owner: "pointsman", context })
    });
    models.chain(aliases).collect()
}

/// The whole list.
pub(crate) fn list(policy: &Policy, caller: &Attributes) -> Vec<u8> {
    let (entries, family) = (entries(policy, caller), caller.api.family());
    let data: Vec<Value> = entries.iter().map(|entry| entry.to_json(family)).collect();
    let list = match family {
        Family::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": entries.first().map(|entry| entry.name),
            "last_id": entries.last().map(|entry| entry.name),
        }),
        Family::Ollama | Family::Gemini => json!({ "models": data }),
        _ => json!({ "object": "list", "data": data }),
    };
    list.to_string().into_bytes()
}

/// One entry of it, or `None` where this caller can use no such model.
pub(crate) fn one(policy: &Policy, caller: &Attributes, name: &str) -> Option<Vec<u8>> {
    let entry = entries(policy, caller).into_iter().find(|entry| entry.name == name)?;
    Some(entry.to_json(caller.api.family()).to_string().into_bytes())
}

impl Entry<'_> {
    /// A policy does not say when a model was made; all APIs want a date, so it is the epoch. What a model takes is spelled
    /// as clients read it: OpenRouter's and LM Studio's `context_length`, vLLM's `max_model_len`, Anthropic's own.
    fn to_json(&self, family: Family) -> Value {
        const EPOCH: &str = "1970-01-01T00:00:00Z";
        let (name, owner) = (self.name, self.owner);
        let (mut entry, context): (Value, &[&str]) = match family {
            Family::Anthropic => (
                json!({ "type": "model", "id": name, "display_name": name, "created_at": EPOCH }),
                &["max_input_tokens"],
            ),
            Family::Ollama => (
                json!({
                    "name": name, "model": name, "modified_at": EPOCH, "size": 0, "digest": "",
                    "details": { "family": owner, "families": [owner], "format": "", "parameter_size": "" },
                }),
                &[],
            ),
            Family::Gemini => (
                json!({
                    "name": format!("models/{name}"), "displayName": name, "version": "",
                    "supportedGenerationMethods": ["generateContent", "countTokens"],
                }),
                &["inputTokenLimit"],
            ),
            _ => (
                json!({ "id": name, "object": "model", "created": 0, "owned_by": owner }),
                &["context_length", "max_model_len"],
            ),
        };
        if let (Some(tokens), Some(members)) = (self.context, entry.as_object_mut()) {
            members.extend(context.iter().map(|key| ((*key).to_owned(), json!(tokens))));
        }
        entry
    }
}

/// The APIs that a client of this family can call. Vertex AI's clients call their own, and ask for no list here.
fn apis_of(family: Family) -> ApiSet {
    let is_callable = |api: &Api| api.is_routable() && api.family() == family && *api != Api::Vertex;
    Api::ALL.iter().copied().filter(is_callable).collect()
}

/// What of a policy one caller can use.
struct List<'a> {
    policy: &'a Policy,
    caller: &'a Attributes,
    apis: ApiSet,
}

impl List<'_> {
    /// Whether some request of this caller that asks for the name can be served. `model`: what it stands for.
    ///
    /// The first rule that may apply counts, with the caller's own headers; what only a body could tell may be so.
    fn can_use(&self, name: &str, model: Option<ModelId>) -> bool {
        let (header, claim) = (|slot| self.caller.header(slot), |slot| self.caller.claim(slot));
        let path = self.caller.bare_path();
        for id in self.policy.rules_to_try(name, &self.caller.tenants, path, &header, &claim) {
            let Some(rule) = self.policy.rule(id).filter(|rule| self.can_apply(rule, name)) else { continue };
            match &rule.action {
                RuleAction::Route(route) if route.all(self.policy.catalog()).any(|model| self.can_serve(model)) => {
                    return true;
                }
                _ if self.always_applies(rule) && !rule.action.passes_on() => return false,
                _ => {}
            }
        }
        self.policy.default_action() == DefaultAction::Allow && model.is_some_and(|model| self.has_server(model))
    }

    fn can_apply(&self, rule: &Rule, name: &str) -> bool {
        let conditions = &rule.conditions;
        conditions.apis.is_none_or(|apis| apis.meets(self.apis))
            && conditions.know_name(Some(name))
            && conditions.know_tenant(&self.caller.tenants)
            && conditions.headers.iter().all(|header| {
                self.caller.header(header.slot).is_some_and(|value| header.test.judge(value) != Some(false))
            })
            && conditions
                .claims
                .iter()
                .all(|claim| self.caller.claim(claim.slot).is_some_and(|value| claim.test.judge(value) != Some(false)))
    }

    /// Whether nothing but who calls and what is asked for matters to the rule.
    fn always_applies(&self, rule: &Rule) -> bool {
        // Of these the list is complete, so that no condition to come is forgotten.
        let Conditions {
            models: _,
            tenants: _,
            claims: _,
            headers: _,
            apis,
            paths,
            input_tokens,
            max_output_tokens,
            messages,
            flags,
            keywords,
            percent,
            schedule,
            when,
            any,
            not,
        } = &rule.conditions;
        apis.is_none()
            && paths.is_empty()
            && [input_tokens, max_output_tokens, messages].iter().all(|range| range.is_none())
            && flags.iter().next().is_none()
            && keywords.is_empty()
            && percent.is_none_or(|share| share.is_all())
            && schedule.is_none()
            && when.is_none()
            && any.is_empty()
            && not.is_none()
    }

    fn has_server(&self, model: ModelId) -> bool {
        let fallback = self.policy.model(model).map_or(&[][..], |model| &model.fallback);
        std::iter::once(&model).chain(fallback).any(|model| self.can_serve(*model))
    }

    fn can_serve(&self, model: ModelId) -> bool {
        self.policy.exclusion(&self.caller.tenants, model).is_none()
            && self.policy.model(model).is_some_and(|model| model.apis.meets(self.apis))
    }
}

#[cfg(test)]
mod tests {
    use crate::corridor::{Received, receive};
    use crate::policy::Policy;
    use crate::{Exchange, Live};
    use serde_json::{Value, json};
    use std::sync::Arc;

    const POLICY: &str = r#"{
        "models": [
            {"name": "gpt", "cluster": "a", "apis": ["chatCompletions"], "contextWindow": 8000},
            {"name": "claude", "cluster": "b", "apis": ["messages"], "contextWindow": 200000},
            {"name": "llama", "cluster": "c", "labels": {"vendor": "meta"}},
            {"name": "hidden", "cluster": "c"},
            {"name": "flash", "cluster": "d", "apis": ["gemini"], "contextWindow": 1000000}
        ],
        "aliases": [{"name": "auto"}, {"name": "nowhere"}, {"name": "small", "model": "gpt"}, {"name": "x-*", "model": "gpt"}],
        "tenants": [
            {"name": "t", "match": {"headers": [{"name": "x-tenant", "value": "t"}]}, "models": {"deny": ["llama"]}},
            {"name": "u", "match": {"headers": [{"name": "x-tenant", "value": "u"}]}}
        ],
        "rules": [
            {"name": "never", "match": {"models": ["hidden"]}, "deny": {}},
            {"name": "images", "match": {"models": ["claude"], "images": true}, "deny": {}},
            {"name": "beta", "match": {"models": ["nowhere"], "headers": [{"name": "x-beta", "value": "1"}]},
                "route": {"targets": [{"model": "llama"}]}},
            {"name": "auto", "match": {"models": ["auto"], "tenants": ["t"]}, "route": {"targets": [{"model": "gpt"}]}}
        ]
    }"#;

    fn answer(path: &str, headers: &[(&str, &str)]) -> Value {
        answer_of(POLICY, path, headers)
    }

    fn answer_of(policy: &str, path: &str, headers: &[(&str, &str)]) -> Value {
        let policy = Arc::new(Policy::from_json(policy.as_bytes()).expect("a policy"));
        let mut list: Vec<(&[u8], &[u8])> = vec![(b":method", b"GET"), (b":path", path.as_bytes())];
        list.extend(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
        match receive(&policy, &list, &Exchange::default(), &Live::default, true) {
            Received::Reply(reply) => serde_json::from_slice(&reply.body).expect("JSON"),
            other => panic!("{other:?}"),
        }
    }

    fn names(path: &str, headers: &[(&str, &str)]) -> String {
        names_in(&answer(path, headers))
    }

    fn names_in(answer: &Value) -> String {
        let list = ["data", "models"].iter().find_map(|key| answer[*key].as_array()).expect("a list");
        let name = |entry: &Value| entry.get("id").or(entry.get("name")).and_then(Value::as_str).map(str::to_owned);
        list.iter().filter_map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_what_this_caller_can_use_with_its_api_is_listed() {
        assert_eq!(names("/v1/models", &[("x-tenant", "t")]), "gpt auto small");
        assert_eq!(names("/models", &[("x-tenant", "u")]), "gpt llama small");
        assert_eq!(names("/v1/models", &[("x-tenant", "u"), ("x-beta", "1")]), "gpt llama nowhere small");
        assert_eq!(names("/v1/models", &[("x-tenant", "t"), ("anthropic-version", "2023-06-01")]), "claude");
        assert_eq!(names("/api/tags", &[("x-tenant", "u")]), "llama");
    }

    #[test]
    fn what_some_requests_can_use_is_listed() {
        let mut policy: Value = serde_json::from_str(POLICY).expect("JSON");
        let more = json!([
            {"name": "trial", "match": {"models": ["gpt"], "percent": 5}, "deny": {}},
            {"name": "nights", "match": {"models": ["small"], "schedule": {"hours": "22:00-06:00"}}, "deny": {}},
            {"name": "others", "match": {"models": ["nowhere"]}, "route": {"targets": [{"model": "llama"}], "otherwise": "next"}},
            {"name": "rest", "match": {"models": ["nowhere"]}, "route": {"targets": [{"model": "gpt"}]}}
        ]);
        let rules = policy["rules"].as_array_mut().expect("rules");
        rules.splice(..0, more.as_array().expect("rules").iter().cloned());
        let answer = answer_of(&policy.to_string(), "/v1/models", &[("x-tenant", "t")]);
        assert_eq!(names_in(&answer), "gpt auto nowhere small");
    }

    #[test]
    fn what_a_model_takes_is_told_as_clients_read_it() {
        let gpt = answer("/v1/models/gpt", &[("x-tenant", "t")]);
        assert_eq!((&gpt["context_length"], &gpt["max_model_len"]), (&8000.into(), &8000.into()));
        assert_eq!(answer("/v1/models/small", &[("x-tenant", "t")])["context_length"], 8000);
        let anthropic = [("x-tenant", "t"), ("anthropic-version", "2023-06-01")];
        assert_eq!(answer("/v1/models/claude", &anthropic)["max_input_tokens"], 200_000);
        assert_eq!(answer("/v1/models/llama", &[("x-tenant", "u")]).get("context_length"), None);
    }

    #[test]
    fn googles_clients_get_their_shape() {
        let key = [("x-tenant", "u"), ("x-goog-api-key", "k")];
        assert_eq!(names("/v1/models", &key), "models/flash");
        let flash = answer("/v1beta/models/flash", &[("x-tenant", "u")]);
        assert_eq!((&flash["name"], &flash["inputTokenLimit"]), (&"models/flash".into(), &1_000_000.into()));
        assert_eq!(answer("/v1/models/gpt", &key)["error"]["status"], "NOT_FOUND");
    }

    #[test]
    fn ollamas_clients_get_their_shape() {
        let list = answer("/api/tags", &[("x-tenant", "u")]);
        assert_eq!(
            (&list["models"][0]["model"], &list["models"][0]["details"]["family"]),
            (&"llama".into(), &"meta".into())
        );
    }
}
