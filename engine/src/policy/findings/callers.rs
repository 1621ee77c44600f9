//! Who can be asking, as far as a policy tells callers apart.

use crate::policy::failure::OnUnknownTenant;
use crate::policy::rule::Rule;
use crate::policy::tenant::TenantId;
use crate::policy::{ModelId, Policy};

/// The tenants, and nobody's (`None`) where such a caller is not refused.
pub(super) fn all(policy: &Policy) -> Vec<Option<TenantId>> {
    let nobody = !policy.has_tenants() || policy.on_failure().unknown_tenant == OnUnknownTenant::Allow;
    let tenants = policy.tenants().map(|(id, _)| Some(id));
    nobody.then_some(None).into_iter().chain(tenants).collect()
}

/// Those whose requests a rule looks at.
pub(super) fn of<'c>(rule: &'c Rule, all: &'c [Option<TenantId>]) -> impl Iterator<Item = Option<TenantId>> + 'c {
    all.iter().copied().filter(|caller| rule.conditions.know_tenant(*caller))
}

/// Whether a caller may use a model.
pub(super) fn may_use(policy: &Policy, caller: Option<TenantId>, model: ModelId) -> bool {
    policy.exclusion(caller, model).is_none()
}

/// What a caller is called in a sentence.
pub(super) fn name(policy: &Policy, caller: Option<TenantId>) -> &str {
    policy.tenant_name(caller).map_or("a caller without a tenant", |name| name)
}
