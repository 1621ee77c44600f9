//! What models can do and requests can need.

use super::object::names;

names! {
    /// What a request can need of a model.
    pub(crate) enum Capability {
        /// Calling tools.
        Tools => "tools",
        /// Reading images.
        Vision => "vision",
        /// Hearing or speaking.
        Audio => "audio",
        /// Answers in a given JSON Schema.
        StructuredOutput => "structuredOutput",
        /// Thinking before the answer.
        Reasoning => "reasoning",
    }
}

impl Capability {
    /// Its name in policies, which is also the reason for which a model without it cannot serve a request.
    pub(crate) fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, capability)| *capability == self).map_or("", |(name, _)| name)
    }
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct CapabilitySet(u8);

impl CapabilitySet {
    #[must_use]
    pub(crate) const fn with(self, capability: Capability) -> Self {
        Self(self.0 | 1 << capability as u8)
    }

    pub(crate) const fn contains(self, capability: Capability) -> bool {
        self.0 >> (capability as u8) & 1 == 1
    }
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        capabilities.into_iter().fold(Self::default(), Self::with)
    }
}
