//! What providers say about their rate limits, and for how long that leaves a model out.
//!
//! Two parts, both without a clock of their own: [`pause`] reads the headers of an answer, [`Demotions`] is the table that
//! all workers of a proxy share. The decision never looks at either; it is told which models are left out, and so stays the
//! same for the same input.
//!
//! Answers come from outside. What cannot be read says nothing, and nothing said lasts longer than [`LONGEST_PAUSE`].

mod time;

use std::ops::Deref;

/// The longest pause that is believed, in milliseconds: the most that a policy's `feedback.maxSeconds` can be.
pub const LONGEST_PAUSE: u64 = 3_600_000;

/// Too many requests; for a while unavailable; overloaded (Anthropic's). All three can say when to come back.
const COME_BACK_LATER: [u16; 3] = [TOO_MANY_REQUESTS, 503, 529];
const TOO_MANY_REQUESTS: u16 = 429;

/// A limit: the header that says what is left of it, and the one that says when it is whole again.
type Limit = (&'static str, &'static str);

/// OpenAI's, which most others have taken over.
const OPENAI: [Limit; 2] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// Anthropic's. The second is whichever of the last two is closer to its end, so an answer that is no refusal is asked for
/// the first two only.
const ANTHROPIC: [Limit; 4] = [
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
];
const ANTHROPIC_UNLESS_REFUSED: usize = 2;

/// For how many milliseconds a provider does not want to be asked, going by its answer. `now` is in milliseconds since 1970.
///
/// Every header costs a call to the host, so as few as possible are asked for: three of an answer without limits or with
/// OpenAI's, four with Anthropic's.
pub fn pause<V: Deref<Target = [u8]>>(
    header: impl Fn(&'static str) -> Option<V>,
    now: impl Fn() -> u64,
) -> Option<u64> {
    let status: u16 = text(&header(":status")?)?.parse().ok()?;
    let refused = status == TOO_MANY_REQUESTS;
    let mut pause = None;
    if COME_BACK_LATER.contains(&status) {
        pause = retry_after(&header, &now);
    }
    if pause.is_none() && (refused || status < 400) {
        let anthropic = ANTHROPIC.get(..ANTHROPIC_UNLESS_REFUSED).filter(|_| !refused).unwrap_or(&ANTHROPIC);
        pause = [&OPENAI, anthropic].iter().find_map(|of| limits(&header, &now, of, refused));
    }
    pause.map(|pause| pause.min(LONGEST_PAUSE)).filter(|pause| *pause > 0)
}

fn retry_after<V: Deref<Target = [u8]>>(
    header: &impl Fn(&'static str) -> Option<V>,
    now: &impl Fn() -> u64,
) -> Option<u64> {
    let precise = header("retry-after-ms").and_then(|value| time::milliseconds(text(&value)?));
    precise.or_else(|| {
        let value = header("retry-after")?;
        let value = text(&value)?;
        time::seconds(value).or_else(|| Some(time::http_date(value)?.saturating_sub(now())))
    })
}

/// The longest time until a limit that is used up is whole again, 0 if none is, `None` if the answer does not speak of such
/// limits. An answer that says nothing of the first is taken to say nothing of the others, unless it is a refusal.
fn limits<V: Deref<Target = [u8]>>(
    header: &impl Fn(&'static str) -> Option<V>,
    now: &impl Fn() -> u64,
    limits: &[Limit],
    refused: bool,
) -> Option<u64> {
    let mut longest = None;
    for (remaining, reset) in limits {
        let Some(remaining) = header(remaining) else {
            if refused || longest.is_some() {
                continue;
            }
            return None;
        };
        let used_up = text(&remaining).and_then(time::thousandfold) == Some(0);
        let wait = if used_up { header(reset).and_then(|reset| until_reset(&reset, now)) } else { None };
        longest = longest.max(Some(wait.unwrap_or_default()));
    }
    longest
}

fn until_reset(reset: &[u8], now: &impl Fn() -> u64) -> Option<u64> {
    let reset = text(reset)?;
    time::seconds(reset).or_else(|| time::duration(reset)).or_else(|| Some(time::rfc3339(reset)?.saturating_sub(now())))
}

fn text(value: &[u8]) -> Option<&str> {
    // No form of a time is longer.
    const LONGEST: usize = 64;
    std::str::from_utf8(value).ok().map(str::trim).filter(|text| text.len() <= LONGEST)
}

/// Models that are left out for a while. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demotions(Vec<Demotion>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Demotion {
    model: String,
    from: u64,
    until: u64,
}

impl Demotion {
    /// A clock that has been set back ends it, too: it would last for nobody knows how long.
    fn is_in_force(&self, now: u64) -> bool {
        (self.from..self.until).contains(&now)
    }
}

impl Demotions {
    /// The version of the table's shape: several versions of the module may share it.
    const VERSION: u8 = 1;
    /// The most models it holds, so that neither it nor reading it can grow.
    const MOST: usize = 64;
    /// What is newer by less than this is not worth a change that all workers see.
    const NOT_WORTH_IT: u64 = 1_000;

    /// Reads the table. One that cannot be read is empty: nobody is left out by mistake.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        Self::entries(bytes).unwrap_or_default()
    }

    fn entries(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[Self::VERSION])?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (from, until, length, model);
            (from, rest) = rest.split_first_chunk()?;
            (until, rest) = rest.split_first_chunk()?;
            (length, rest) = rest.split_first_chunk()?;
            (model, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            let model = std::str::from_utf8(model).ok()?.to_owned();
            entries.push(Demotion { model, from: u64::from_le_bytes(*from), until: u64::from_le_bytes(*until) });
        }
        (entries.len() <= Self::MOST).then_some(Self(entries))
    }

    /// The table as it is shared.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = vec![Self::VERSION];
        for Demotion { model, from, until } in &self.0 {
            let Ok(length) = u16::try_from(model.len()) else { continue };
            bytes.extend(from.to_le_bytes());
            bytes.extend(until.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(model.bytes());
        }
        bytes
    }

    /// Leaves a model out from now on for so many milliseconds, or longer if that has been said before. Says whether that
    /// changed anything.
    pub fn note(&mut self, model: &str, pause: u64, now: u64) -> bool {
        let until = now.saturating_add(pause.min(LONGEST_PAUSE));
        let is_old_news = |known: u64, new: u64| new < known.saturating_add(Self::NOT_WORTH_IT);
        self.0.retain(|known| known.is_in_force(now));
        match self.0.iter_mut().find(|known| known.model == model) {
            Some(known) if is_old_news(known.until, until) && is_old_news(known.from, now) => return false,
            // Several limits can be told of at once, and the longest holds. What is told later is how things are now.
            Some(known) if now < known.from.saturating_add(Self::NOT_WORTH_IT) => known.until = until.max(known.until),
            Some(known) => (known.from, known.until) = (now, until),
            None => self.0.push(Demotion { model: model.to_owned(), from: now, until }),
        }
        if self.0.len() > Self::MOST
            && let Some(soonest) = (0..self.0.len()).min_by_key(|at| self.0.get(*at).map(|known| known.until))
        {
            self.0.swap_remove(soonest);
        }
        true
    }

    /// The models that are left out now, each for at most `longest` milliseconds.
    #[must_use]
    pub fn in_force(&self, now: u64, longest: u64) -> Vec<String> {
        let in_force = |known: &&Demotion| known.is_in_force(now) && now < known.from.saturating_add(longest);
        self.0.iter().filter(in_force).map(|known| known.model.clone()).collect()
    }

    /// Nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nobody in it is left out any more.
    #[must_use]
    pub fn is_over(&self, now: u64) -> bool {
        !self.0.iter().any(|known| known.is_in_force(now))
    }
}

#[cfg(test)]
mod tests;
