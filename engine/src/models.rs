//! `GET /v1/models`: the names that this tenant may ask for.

use crate::api::Family;
use crate::policy::{Policy, TenantId};
use serde_json::{Value, json};

/// Names in the order of the policy: models first, then aliases that stand for one name.
fn names(policy: &Policy, tenant: Option<TenantId>) -> Vec<(&str, &str)> {
    let allowed = |model| policy.exclusion(tenant, model).is_none();
    let models = policy
        .models()
        .filter(|(id, _)| allowed(*id))
        .map(|(_, model)| (model.name(), model.label("vendor").unwrap_or("pointsman")));
    let aliases = policy
        .aliases()
        .filter(|alias| alias.model.is_none_or(allowed))
        .filter_map(|alias| Some((alias.pattern.exact()?, "pointsman")));
    models.chain(aliases).collect()
}

/// The whole list.
pub(crate) fn list(policy: &Policy, tenant: Option<TenantId>, family: Family) -> Vec<u8> {
    let names = names(policy, tenant);
    let data: Vec<Value> = names.iter().map(|(name, owner)| entry(name, owner, family)).collect();
    let list = match family {
        Family::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": names.first().map(|(name, _)| name),
            "last_id": names.last().map(|(name, _)| name),
        }),
        _ => json!({ "object": "list", "data": data }),
    };
    list.to_string().into_bytes()
}

/// One entry of it, or `None` where this tenant has no such model.
pub(crate) fn one(policy: &Policy, tenant: Option<TenantId>, name: &str, family: Family) -> Option<Vec<u8>> {
    let (name, owner) = names(policy, tenant).into_iter().find(|(known, _)| *known == name)?;
    Some(entry(name, owner, family).to_string().into_bytes())
}

/// A policy does not say when a model was made; both APIs want a date, so it is the epoch.
fn entry(name: &str, owner: &str, family: Family) -> Value {
    match family {
        Family::Anthropic => {
            json!({ "type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z" })
        }
        _ => json!({ "id": name, "object": "model", "created": 0, "owned_by": owner }),
    }
}
