//! Values that are one of several names.

/// What `names!` makes of its declaration, for those who read such a value and those who write it.
pub trait Named: Copy + PartialEq + 'static {
    /// Every value, with its name.
    const CHOICES: &'static [(&'static str, Self)];

    /// How it is spelled.
    fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }

    /// The value that is spelled so.
    fn named(name: &str) -> Option<Self> {
        Self::CHOICES.iter().find(|(spelling, _)| *spelling == name).map(|(_, value)| *value)
    }
}
