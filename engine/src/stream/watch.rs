//! Watches over the first requests of a router, until one of them has shown that the chain is right.

use std::cell::Cell;
use std::fmt;

/// How often a mistake is written to the log.
const LOG_EVERY: u64 = 60 * SECOND;
/// How often one request is held after all, to see whether the installation has been mended.
const PROBE_EVERY: u64 = 10 * SECOND;
const SECOND: u64 = 1_000_000_000;
/// How often held requests are looked at, in milliseconds.
pub const TICK: u32 = 200;
/// Ticks after which a request whose whole body is there, but of which nothing was shown, is evidence. A filter in front that
/// collects the body lets bytes arrive too, and must not be mistaken for a missing flag: it passes them on once they are all
/// there. A client that is slow, or stops, has not sent all that it announced, and proves nothing.
const STILL: u32 = 5;
/// Ticks without a new byte after which a request that has announced no length is given up. It proves nothing about others.
const STALLED: u32 = 50;

/// What a plugin knows about the chain it stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Proof {
    /// Nothing yet.
    #[default]
    None,
    /// A request was held as it should be. From here on nothing is watched any more.
    Sound,
    /// Bodies do not come.
    Broken,
}

/// Lets a mistake into the log at most once a minute. Times are in nanoseconds since 1970.
#[derive(Debug, Default)]
pub struct Complaints {
    next: Cell<u64>,
}

impl Complaints {
    /// Whether a mistake may be written to the log now.
    #[must_use]
    pub fn is_due(&self, now: u64) -> bool {
        let due = now >= self.next.get();
        if due {
            self.next.set(now.saturating_add(LOG_EVERY));
        }
        due
    }
}

/// The held requests of one router on one worker.
#[derive(Default)]
pub struct Watch {
    proof: Cell<Proof>,
    held: Cell<Vec<Held>>,
    next_probe: Cell<u64>,
}

/// A request whose headers are held.
#[derive(Debug)]
struct Held {
    context: u32,
    /// How many bytes will have been received when the body is there, if that is known.
    whole: Option<u64>,
    /// Bytes received when the headers were held, and at the last tick.
    at_first: u64,
    at_last: u64,
    still: u32,
}

/// What a look at the held requests has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Requests whose bodies do not come.
    pub accused: Vec<u32>,
    /// Nothing is left to look at.
    pub rest: bool,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("proof", &self.proof).finish_non_exhaustive()
    }
}

impl Watch {
    /// Has a request been held as it should be?
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.proof.get() == Proof::Sound
    }

    /// A body callback came for a held request, or a gate answered. Says whether the ticks can stop.
    #[must_use]
    pub fn heard(&self) -> bool {
        self.proof.set(Proof::Sound);
        !self.held.take().is_empty()
    }

    /// May this request be held? Not when bodies are known not to come, but for one probe every now and then.
    #[must_use]
    pub fn may_hold(&self, length: Option<u64>, now: impl FnOnce() -> u64) -> bool {
        if self.proof.get() != Proof::Broken {
            return true;
        }
        // A probe must be able to prove something.
        if length.is_none() {
            return false;
        }
        let now = now();
        let probe = now >= self.next_probe.get();
        if probe {
            self.next_probe.set(now.saturating_add(PROBE_EVERY));
        }
        probe
    }

    /// Watches a request whose headers have just been held, that so far has so many bytes, and whose body will have `length`.
    /// Says whether the ticks must begin.
    #[must_use]
    pub fn hold(&self, context: u32, bytes: u64, length: Option<u64>) -> bool {
        if self.is_sound() {
            return false;
        }
        let mut held = self.held.take();
        let first = held.is_empty();
        let whole = length.map(|length| bytes.saturating_add(length));
        held.push(Held { context, whole, at_first: bytes, at_last: bytes, still: 0 });
        self.held.set(held);
        first
    }

    /// Looks at the held requests. `received` says how many bytes of one have come, `None` if it is gone or was heard.
    #[must_use]
    pub fn look(&self, received: impl Fn(u32) -> Option<u64>, now: impl FnOnce() -> u64) -> Look {
        let mut held = self.held.take();
        held.retain_mut(|request| received(request.context).map(|bytes| request.look(bytes)).is_some());
        let evidence = held.iter().any(|request| request.whole.is_some() && request.still >= STILL);
        let accused: Vec<_> = held.extract_if(.., |request| evidence || request.still >= STALLED).collect();
        let rest = held.is_empty();
        self.held.set(held);
        if evidence {
            self.proof.set(Proof::Broken);
            self.next_probe.set(now().saturating_add(PROBE_EVERY));
        }
        Look { accused: accused.into_iter().map(|request| request.context).collect(), rest }
    }
}

impl Held {
    fn look(&mut self, bytes: u64) {
        let is_still = match self.whole {
            Some(whole) => bytes >= whole,
            None => bytes > self.at_first && bytes == self.at_last,
        };
        self.still = if is_still { self.still + 1 } else { 0 };
        self.at_last = bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(watch: &Watch, bytes: &[u64]) -> Look {
        let mut last = Look { accused: Vec::new(), rest: false };
        for bytes in bytes {
            last = watch.look(|_| Some(*bytes), || 0);
        }
        last
    }

    #[test]
    fn a_body_that_came_and_was_not_shown_is_evidence() {
        let watch = Watch::default();
        assert!(watch.hold(7, 100, Some(100)), "the ticks begin");
        assert!(!watch.hold(8, 100, None), "they have begun");
        assert_eq!(looks(&watch, &[199, 200, 200, 200, 200]), Look { accused: vec![], rest: false });
        assert_eq!(looks(&watch, &[200]), Look { accused: vec![7, 8], rest: true });
        assert!(!watch.may_hold(Some(1), || PROBE_EVERY - 1));
        assert!(!watch.may_hold(None, || PROBE_EVERY), "it could prove nothing");
        assert!(watch.may_hold(Some(1), || PROBE_EVERY), "one probe");
        assert!(!watch.may_hold(Some(1), || PROBE_EVERY), "and no other");
        assert!(!watch.heard(), "nothing is watched that could stop");
        assert!(watch.may_hold(None, || 0) && watch.is_sound());
    }

    #[test]
    fn a_slow_or_an_absent_body_is_none() {
        let watch = Watch::default();
        assert!(watch.hold(7, 100, Some(50)));
        let absent = looks(&watch, &[100; 20]);
        let slow = looks(&watch, &[101, 101, 101, 101, 102, 102, 102, 102, 103]);
        let stopped = looks(&watch, &[149; 1000]);
        assert!(!watch.hold(8, 100, None), "the ticks go on");
        let silent = looks(&watch, &[110; 1 + STALLED as usize]);
        assert_eq!(silent, Look { accused: vec![8], rest: false });
        assert!(watch.may_hold(None, || 0), "it has proved nothing about others");
        assert!(absent.accused.is_empty() && slow.accused.is_empty() && stopped.accused.is_empty());
        assert_eq!(watch.look(|_| None, || 0), Look { accused: vec![], rest: true });
    }

    #[test]
    fn what_was_heard_is_never_watched_again() {
        let watch = Watch::default();
        assert!(watch.hold(7, 0, Some(1)) && watch.heard());
        assert!(!watch.hold(8, 0, Some(1)));
    }

    #[test]
    fn a_mistake_is_logged_once_a_minute() {
        let complaints = Complaints::default();
        let due = [0, 1, LOG_EVERY - 1, LOG_EVERY, LOG_EVERY + 1].map(|now| complaints.is_due(now));
        assert_eq!(due, [true, false, false, true, false]);
    }
}
