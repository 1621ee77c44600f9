//! Counts as answers tell them, and what they mean together.

use super::{Unread, Usage};
use crate::json::Numeral;

/// What a count counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Input, what came from a cache included.
    Input,
    /// Input, but for what was read from a cache or written to one: Anthropic and Bedrock tell these beside it.
    Uncached,
    /// More input: what tools of the server put in.
    ToolInput,
    /// Output, reasoning included.
    Output,
    /// More output: reasoning that is told beside it.
    Thoughts,
    /// Input and output.
    Total,
    Cached,
    CacheWrite,
    Reasoning,
    AudioInput,
    AudioOutput,
}

const FIGURES: usize = Figure::AudioOutput as usize + 1;

/// What an answer tells of one figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Nothing,
    Count(u64),
    /// What is no count of tokens.
    Odd,
}

/// What is to be expected of the answers of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Both input and output are told.
    Both,
    /// A count that is missing is zero: protobuf's and Go's JSON leave zeros out.
    ZerosOmitted,
    /// There is no output, and the total may be all that is told.
    InputOnly,
}

/// The counts of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    told: [Told; FIGURES],
    /// Where counts were expected stands something else.
    is_odd: bool,
}

/// More tokens than any request can take, by far: a larger number is a lie or a fault, and sums of smaller ones cannot overflow.
const MOST: u64 = 1 << 32;

impl Figures {
    /// A number stands where this figure is told. Told twice in one object, the last holds, as for every reader of JSON that
    /// makes a map of it: what the client sees is what is counted.
    pub(super) fn count(&mut self, figure: Figure, number: Numeral) {
        self.set(figure, if let Numeral::Whole(count @ ..=MOST) = number { Told::Count(count) } else { Told::Odd });
    }

    /// Adds to a figure that is told in pieces.
    pub(super) fn add(&mut self, figure: Figure, number: Numeral) {
        match (self.get(figure), number) {
            (Some(before), Numeral::Whole(more @ ..=MOST)) => self.count(figure, Numeral::Whole(before + more)),
            _ => self.count(figure, number),
        }
    }

    /// What is no number stands there.
    pub(super) fn odd(&mut self, figure: Figure) {
        self.set(figure, Told::Odd);
    }

    /// Nothing is told of it.
    pub(super) fn none(&mut self, figure: Figure) {
        self.set(figure, Told::Nothing);
    }

    /// What is none stands in the place of all.
    pub(super) fn all_odd(&mut self) {
        self.is_odd = true;
    }

    fn set(&mut self, figure: Figure, told: Told) {
        if let Some(slot) = self.told.get_mut(figure as usize) {
            *slot = told;
        }
    }

    fn get(&self, figure: Figure) -> Option<u64> {
        match self.told.get(figure as usize) {
            Some(Told::Count(count)) => Some(*count),
            _ => None,
        }
    }

    fn or_zero(&self, figure: Figure) -> u64 {
        self.get(figure).unwrap_or_default()
    }

    /// Whether nothing is told.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_odd && self.told.iter().all(|told| *told == Told::Nothing)
    }

    /// These, where a later word tells nothing else.
    pub(super) fn overlaid(mut self, later: &Self) -> Self {
        for (slot, later) in self.told.iter_mut().zip(later.told) {
            if later != Told::Nothing {
                *slot = later;
            }
        }
        self.is_odd |= later.is_odd;
        self
    }

    /// What they mean together.
    pub(super) fn usage(&self, rule: Rule) -> Result<Usage, Unread> {
        if self.is_odd || self.told.contains(&Told::Odd) {
            return Err(Unread::Implausible);
        }
        if self.is_empty() {
            return Err(Unread::None);
        }
        let (cached, cache_write) = (self.or_zero(Figure::Cached), self.or_zero(Figure::CacheWrite));
        let input = self.input(rule, cached + cache_write).ok_or(Unread::Partial)?;
        let output = self.output(rule, input).ok_or(Unread::Partial)?;
        // What is paid at other prices must be part of what it is told to be part of: else the input is not what it seems.
        if cached + cache_write > input {
            return Err(Unread::Implausible);
        }
        // How an output is made up is measured anew by some servers, and comes out larger than what was generated.
        let of_output = |part: u64| part.min(output);
        Ok(Usage {
            input,
            output,
            cached,
            cache_write,
            reasoning: of_output(self.get(Figure::Reasoning).unwrap_or(self.or_zero(Figure::Thoughts))),
            audio_input: self.or_zero(Figure::AudioInput).min(input),
            audio_output: of_output(self.or_zero(Figure::AudioOutput)),
        })
    }

    fn input(&self, rule: Rule, beside: u64) -> Option<u64> {
        let told = self.get(Figure::Input).or(self.get(Figure::Uncached).map(|uncached| uncached + beside));
        let told = match rule {
            Rule::Both => told,
            Rule::ZerosOmitted => told.or(self.get(Figure::Output).map(|_| 0)),
            Rule::InputOnly => told.or(self.get(Figure::Total)),
        };
        told.map(|told| told + self.or_zero(Figure::ToolInput))
    }

    fn output(&self, rule: Rule, input: u64) -> Option<u64> {
        if rule == Rule::InputOnly {
            return Some(self.or_zero(Figure::Output));
        }
        // What a total has beyond both is reasoning that is told nowhere else: Gemini and Grok, where they speak OpenAI's API.
        let rest = self.get(Figure::Total).and_then(|total| total.checked_sub(input));
        let told = self.get(Figure::Output).or(if rule == Rule::ZerosOmitted { Some(0) } else { rest });
        told.map(|told| (told + self.or_zero(Figure::Thoughts)).max(rest.unwrap_or_default()))
    }
}
