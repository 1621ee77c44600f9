//! A request looked at while it is decided, for those who explain decisions.

use super::Reading;
use crate::corridor::Caller;
use crate::decide::attributes::Attributes;
use crate::request::endpoint::{self, Endpoint};
use crate::request::facts::Facts;
use crate::request::flag::Flag;
use crate::request::reader::Wanted;
use crate::request::text::WantedText;

impl Reading {
    /// Writes down what the decision goes by, from here on.
    pub(crate) fn watch(&mut self, caller: &dyn Caller) {
        self.attributes.watch(&self.policy, caller);
    }

    /// What the request is besides its body.
    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// All that a policy could want to know of the body, whether this one does or not; of one that cannot be read, as far as it
    /// can.
    pub(crate) fn known(&self, body: &[u8]) -> Facts {
        let wanted = self.policy.wanted();
        let text = WantedText { length: true, identity: true, ..wanted.text };
        let wanted = Wanted { flags: Flag::ALL.iter().copied().collect(), text, ..wanted };
        let named = match endpoint::recognise(self.attributes.path(), self.policy.path_prefixes()) {
            Endpoint::Named(named) => Some(named),
            _ => None,
        };
        let (policy, most) = (&self.policy, self.policy.max_body_bytes());
        let mut facts = Facts::new(self.attributes.api, wanted, policy.sought(), policy.max_depth(), most)
            .parted_by(self.envelope.boundary)
            .named(named.as_ref());
        if facts.push(body).is_ok() {
            // What is wrong with its end, the record says.
            let _ = facts.finish();
        }
        facts
    }
}
