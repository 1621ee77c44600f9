//! What a model says of a text.

/// What a model says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The likeliest of the model's labels.
    pub best: &'a str,
    /// How likely it is by the model's calibration, in millionths.
    pub score: u32,
    /// Why the model would rather not name a class.
    pub silence: Option<Silence>,
}

impl<'a> Answer<'a> {
    /// The class, if the model names one and it is at least as likely as `least`, in millionths.
    pub fn class(&self, least: u32) -> Option<&'a str> {
        (self.silence.is_none() && self.score >= least).then_some(self.best)
    }
}

/// Why a model names no class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The likeliest class is less likely than the model was told to ask for.
    Unsure,
    /// The text is about nothing that the model knows.
    OutOfScope,
}
