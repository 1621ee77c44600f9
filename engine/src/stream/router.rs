//! One request on its way through the router.

mod answer;
mod apply;
mod read;
mod turn_away;

use super::answering::AnswerStream;
use super::closing::Closing;
use super::installation::{
    FLAG_MISSING, GATE_FIRST, GATE_FIRST_PROPERTY, GATE_MISSING, HOLD_PROPERTY, ROUTABLE_HEADER, UNDECIDED,
};
use super::letter::{ADDRESS_PROPERTY, Address, HeaderEdit};
use super::room::{Room, Share};
use super::splice::SplicePlan;
use super::watch::Watch;
use super::{Command, Failure, FilterStatus, HostAction, Machine, View};
use crate::config::Hold;
use crate::corridor::Reading;
use crate::names::CLUSTER_HEADER;
use crate::reply::Reply;
use crate::rewrite::Edits;
use answer::Passing;
use once_cell::unsync::OnceCell;
use std::rc::Rc;

pub use super::closing::Reception;
pub use answer::{is_envoys_answer, is_providers_answer};

/// An LLM request whose body is being read.
#[derive(Debug)]
pub struct RouterStream {
    reading: Box<Reading>,
    manner: Manner,
    /// Its part of what all open requests may keep; `None` if there was no room left.
    share: Option<Share>,
    /// How much of the body has come.
    received: u64,
    /// Where the gate that holds this request can be reached: looked up once, and there or the request is refused.
    gate: OnceCell<Address>,
    /// What was taken from the headers so that no route fits them, for the gate to put back.
    withheld: Option<Box<[u8]>>,
    phase: Phase,
    seen: Seen,
    task: Task,
    /// The answer, where its body is read.
    answer: Option<Box<AnswerStream>>,
}

/// How a router treats all its requests.
#[derive(Clone, Debug)]
pub struct Manner {
    /// How they wait.
    pub hold: Hold,
    /// The watch over those that wait.
    pub watch: Rc<Watch>,
    /// What all requests of the worker may keep together.
    pub room: Rc<Room>,
}

#[derive(Debug)]
enum Phase {
    /// Undecided. So many bytes of the body have been read; Envoy buffers and shows all of them each time.
    Held { read: usize },
    /// Decided; chunks pass by. Each callback sees only its own.
    Flowing,
    /// The body is complete by its content-length, and judged. Only its end is still to come.
    Complete,
    /// Refused. The answer waits for the end of the body, and nothing of the body is kept.
    Refused(Box<Reply>),
    /// The request is through; response headers are still to come.
    Answering,
    /// Nothing more to do.
    Over,
}

/// What the current callback is about.
#[derive(Debug, Default)]
struct Seen {
    /// How much of the body it can see.
    size: usize,
    end_of_stream: bool,
    /// How much of that has been read.
    at: usize,
    /// The decision, if it fell just now. It holds only because nothing behind it in this callback was refused.
    edits: Option<Box<Edits>>,
    /// The body is complete.
    complete: bool,
}

/// What the current callback is doing.
#[derive(Debug)]
enum Task {
    /// It is over.
    Return(FilterStatus),
    /// The headers are held: the body is watched for.
    Watch,
    /// The request is marked as undecided.
    Mark,
    /// The gate is asked to hold it.
    AskGate,
    /// No route shall fit it until it is decided.
    Withhold,
    /// The first body callback has shown that the chain is right.
    Hear,
    /// The engine is fed what is new.
    Read,
    /// What the request takes of its budgets is set aside.
    Reserve { at: usize },
    /// A decision is applied: to the body,
    Splice(SplicePlan),
    /// to the headers, where they are held here,
    Edit { at: usize, content_length: Option<String> },
    /// or by a letter to the gate;
    Send { queue: u32, letter: Vec<u8> },
    /// its record,
    Record,
    /// and what is left for its attempts.
    Leave { at: usize },
    /// The buffered body of a refused request goes.
    Discard(Box<Reply>),
    /// An answer of ours.
    Close(Closing),
    /// An answer of an upstream passes by.
    Pass(Passing),
}

impl RouterStream {
    /// A request that the engine wants to read.
    #[must_use]
    pub fn new(reading: Box<Reading>, manner: Manner) -> Self {
        let share = manner.room.take(reading.kept());
        Self {
            reading,
            manner,
            share,
            received: 0,
            gate: OnceCell::new(),
            withheld: None,
            phase: Phase::Held { read: 0 },
            seen: Seen::default(),
            task: Task::Return(FilterStatus::Pause),
            answer: None,
        }
    }

    /// The request headers, which have been read.
    pub fn headers<V: View>(&mut self, view: &V, end_of_stream: bool) {
        if self.share.is_none() {
            let reply = self.reading.overloaded();
            self.answer_with(Closing::new(reply));
        } else if end_of_stream {
            self.see(0, true);
            self.read_on(view);
        } else if let Some(mistake) = self.mistake(view) {
            self.misinstalled(mistake);
        } else {
            self.task = match self.manner.hold {
                Hold::Stop => Task::Watch,
                Hold::Gate => {
                    self.withheld = view.header(ROUTABLE_HEADER).map(|value| (*value).into());
                    // What cannot be put back later is not taken away.
                    if self.withheld.is_none() {
                        return self.host_failed("mark the request", Failure::NOTHING_THERE);
                    }
                    Task::Mark
                }
            };
        }
    }

    /// What is wrong with the chain, as far as it shows before the body.
    fn mistake<V: View>(&self, view: &V) -> Option<&'static str> {
        let watch = &self.manner.watch;
        match self.manner.hold {
            Hold::Stop => (!watch.may_hold(self.reading.content_length(), || view.now())).then_some(FLAG_MISSING),
            // Whether one stands behind shows later: it holds the headers, or no route fits them.
            Hold::Gate => {
                let first = || view.property(GATE_FIRST_PROPERTY.as_bytes()).is_some();
                (!watch.is_sound() && first()).then_some(GATE_FIRST)
            }
        }
    }

    /// Bytes of the body: all that are buffered while the request is held, afterwards this callback's own.
    pub fn body<V: View>(&mut self, view: &V, size: usize, end_of_stream: bool) {
        match (&self.phase, self.manner.hold) {
            (Phase::Held { .. }, hold) => {
                if hold == Hold::Gate && self.gate.get_or_try_init(|| find_gate(view)).is_err() {
                    return self.misinstalled(GATE_MISSING);
                }
                self.see(size, end_of_stream);
                if self.manner.watch.is_sound() { self.read_on(view) } else { self.task = Task::Hear }
            }
            (Phase::Flowing, _) => {
                self.see(size, end_of_stream);
                self.read_on(view);
            }
            (Phase::Complete, _) if size > 0 => self.misinstalled("the body goes on behind its content-length"),
            (Phase::Complete, _) => self.pass(true, end_of_stream),
            (Phase::Refused(_), _) => self.drain(view, size, end_of_stream),
            (Phase::Answering | Phase::Over, _) => self.task = Task::Return(FilterStatus::Continue),
        }
    }

    /// Trailers end a request whose body callbacks did not.
    pub fn trailers<V: View>(&mut self, view: &V) {
        let read = if let Phase::Held { read } = self.phase { read } else { 0 };
        self.body(view, read, true);
    }

    /// Its headers were held, and its body does not come.
    pub fn accused(&mut self) {
        self.misinstalled(FLAG_MISSING);
    }

    /// Are its headers held, and has nothing of the body been shown?
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        matches!(self.phase, Phase::Held { read: 0 })
    }

    /// Nothing more will be asked of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }
}

impl<V: View> Machine<V> for RouterStream {
    fn command(&self) -> Command<'_> {
        Command::Do(match &self.task {
            Task::Return(status) => return Command::Return(*status),
            Task::Watch => HostAction::Watch { length: self.reading.content_length() },
            Task::Mark => HostAction::Edit(HeaderEdit::Set(CLUSTER_HEADER.as_bytes(), UNDECIDED)),
            Task::AskGate => HostAction::SetProperty { name: HOLD_PROPERTY, value: b"1" },
            Task::Withhold => HostAction::Edit(HeaderEdit::Remove(ROUTABLE_HEADER.as_bytes())),
            Task::Hear => HostAction::Heard,
            Task::Read => return Command::Show { at: self.seen.at, until: self.seen.size },
            Task::Reserve { .. }
            | Task::Splice(_)
            | Task::Edit { .. }
            | Task::Send { .. }
            | Task::Record
            | Task::Leave { .. } => {
                // A step that does not exist is never forwarded.
                return self.change().unwrap_or(Command::Return(FilterStatus::Pause));
            }
            Task::Discard(_) => HostAction::ReplacePrefix { length: self.seen.size, with: b"" },
            Task::Close(closing) => return closing.command(),
            Task::Pass(passing) => return passing.command(&self.reading),
        })
    }

    fn shown(&mut self, view: &V, piece: &[u8]) {
        match &mut self.task {
            // The body ends before the place where the engine saw something: never silently go on.
            Task::Read if piece.is_empty() => self.host_failed("read the body", Failure::NOTHING_THERE),
            Task::Splice(_) if piece.is_empty() => self.host_failed("change the request", Failure::NOTHING_THERE),
            Task::Read => self.read(view, piece),
            Task::Splice(plan) => plan.shown(piece),
            _ => {}
        }
    }

    fn done(&mut self, view: &V, result: Result<(), Failure>) {
        let task = std::mem::replace(&mut self.task, Task::Return(FilterStatus::Pause));
        self.task = match (task, result) {
            (Task::Return(status), _) => Task::Return(status),
            (Task::Watch, _) => Task::Return(FilterStatus::Pause),
            (Task::Mark, Ok(())) => Task::AskGate,
            (Task::AskGate, Ok(())) => Task::Withhold,
            (Task::Withhold, Ok(())) => Task::Return(FilterStatus::Continue),
            (Task::Mark | Task::AskGate | Task::Withhold, Err(status)) => {
                return self.host_failed("mark the request", status);
            }
            (Task::Hear, _) => return self.read_on(view),
            (Task::Read, Err(status)) => return self.host_failed("read the body", status),
            (Task::Read, Ok(())) => Task::Read,
            (Task::Discard(reply), Ok(())) => return self.wait(reply),
            (Task::Discard(reply), Err(_)) => return self.answer_with(Closing::new(reply)),
            (Task::Reserve { at }, result) => return self.reserved(view, at, result),
            (Task::Close(mut closing), _) => {
                closing.done();
                Task::Close(closing)
            }
            (Task::Pass(passing), result) => return self.passed(view, passing, result),
            (task, result) => return self.changed(task, result),
        };
    }
}

fn find_gate<V: View>(view: &V) -> Result<Address, ()> {
    view.property(ADDRESS_PROPERTY.as_bytes()).and_then(|address| Address::decode(&address)).ok_or(())
}
