//! Who keeps the response that a request goes on from, as its signed id says.

use crate::api::Api;
use crate::policy::{Membership, Model, ModelId, Policy, TenantId};
use crate::reason::Reason;
use crate::signed_id::Signed;
use std::sync::Arc;

/// Who keeps a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The cluster that made it.
    pub(crate) by: Arc<str>,
    /// What it is called there.
    pub(crate) id: String,
    /// The first model of that cluster.
    model: ModelId,
}

impl Kept {
    /// What an id says that this tenant has sent: nothing, where it is not signed; the reason to refuse one that is signed, and
    /// not for this tenant.
    pub(crate) fn read(policy: &Policy, tenant: Option<TenantId>, id: &str) -> Result<Option<Self>, Reason> {
        let tenant = policy.tenant_name(tenant).map(|name| &**name);
        match policy.signer().read(id, tenant) {
            Signed::Not => Ok(None),
            Signed::Badly => Err(Reason::ForeignId),
            Signed::By { cluster, id } => {
                let model = policy.models().find(|(_, model)| model.cluster == cluster).ok_or(Reason::ForeignId)?.0;
                Ok(Some(Self { by: cluster, id, model }))
            }
        }
    }

    /// A model of that cluster that the caller may use.
    pub(crate) fn model_for<'p>(&self, policy: &'p Policy, tenants: &Membership) -> Option<&'p Model> {
        let may_use = |id, model: &Model| {
            model.cluster == self.by && model.apis.contains(Api::Responses) && policy.exclusion(tenants, id).is_none()
        };
        policy.models().find(|(id, model)| may_use(*id, model)).map(|(_, model)| model)
    }

    /// Whether a model knows nothing of it.
    pub(crate) fn is_elsewhere(&self, policy: &Policy, model: ModelId) -> bool {
        !policy.provider_state().is_shared(self.model, model)
    }
}
