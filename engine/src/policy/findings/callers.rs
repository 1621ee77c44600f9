//! Who can be asking, as far as a policy tells callers apart: those with the same rights are one group.

use super::cover::{TENANTS, shape_of};
use crate::policy::Conditions;
use crate::policy::failure::OnUnknownTenant;
use crate::policy::model_set::ModelSet;
use crate::policy::rule::Rule;
use crate::policy::tenant::TenantId;
use crate::policy::{ModelId, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// All who can be asking, by what they may use.
#[derive(Debug, Default)]
pub(super) struct Callers {
    groups: Vec<Group>,
    of_tenant: BTreeMap<TenantId, usize>,
}

/// Callers who may use the same models.
#[derive(Debug)]
pub(super) struct Group {
    usable: ModelSet,
    /// Nobody's (`None`) is a caller without a tenant.
    members: Vec<Option<TenantId>>,
}

impl Callers {
    /// The tenants, and callers without one where they are not refused.
    pub(super) fn of(policy: &Policy) -> Self {
        let nobody = !policy.has_tenants() || policy.on_failure().unknown_tenant == OnUnknownTenant::Allow;
        let tenants = policy.tenants().map(|(id, _)| Some(id));
        let mut by_rights: BTreeMap<Vec<ModelId>, usize> = BTreeMap::new();
        let mut callers = Self::default();
        for caller in nobody.then_some(None).into_iter().chain(tenants) {
            let usable = policy.models().map(|(id, _)| id).filter(|id| policy.exclusion(caller, *id).is_none());
            let usable: Vec<ModelId> = usable.collect();
            let next = callers.groups.len();
            let group = match by_rights.get(&usable) {
                Some(group) => *group,
                None => {
                    callers.groups.push(Group { usable: usable.iter().copied().collect(), members: Vec::new() });
                    by_rights.insert(usable, next);
                    next
                }
            };
            callers.groups.get_mut(group).into_iter().for_each(|group| group.members.push(caller));
            callers.of_tenant.extend(caller.map(|tenant| (tenant, group)));
        }
        callers
    }

    /// Those whose requests a rule looks at.
    pub(super) fn asking(&self, rule: &Rule) -> Vec<&Group> {
        let tenants = &rule.conditions.tenants;
        if tenants.is_empty() {
            return self.groups.iter().collect();
        }
        let groups: BTreeSet<usize> = tenants.iter().filter_map(|tenant| self.of_tenant.get(tenant)).copied().collect();
        groups.into_iter().filter_map(|group| self.groups.get(group)).collect()
    }

    /// Whether somebody may use both models.
    pub(super) fn share(&self, one: ModelId, other: ModelId) -> bool {
        self.groups.iter().any(|group| group.may_use(one) && group.may_use(other))
    }

    /// Whether somebody may use the model.
    pub(super) fn may_use(&self, model: ModelId) -> bool {
        self.groups.iter().any(|group| group.may_use(model))
    }
}

impl Group {
    pub(super) fn may_use(&self, model: ModelId) -> bool {
        self.usable.contains(model)
    }

    /// Those of them whose requests a rule looks at.
    pub(super) fn members(&self, rule: &Rule) -> impl Iterator<Item = Option<TenantId>> {
        self.members.iter().copied().filter(|caller| may_meet(&rule.conditions, *caller))
    }
}

/// Whether a caller can meet conditions, as far as these are about callers.
fn may_meet(conditions: &Conditions, caller: Option<TenantId>) -> bool {
    let is_excepted = |not: &Conditions| shape_of(not) == TENANTS && not.know_tenant(caller);
    conditions.know_tenant(caller)
        && (conditions.any.is_empty() || conditions.any.iter().any(|other| may_meet(other, caller)))
        && !conditions.not.as_deref().is_some_and(is_excepted)
}

/// What a caller is called in a sentence.
pub(super) fn name(policy: &Policy, caller: Option<TenantId>) -> &str {
    policy.tenant_name(caller).map_or("a caller without a tenant", |name| name)
}
