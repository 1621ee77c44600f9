//! Envoy's filter manager, as far as a stream can tell: one header map, filter state, a body buffer, local replies.
//!
//! What it does was measured in running Envoys. A paused body callback keeps what it saw and shows it again in front of the
//! next chunk; one that continues lets it go. A buffer can have a prefix replaced and be appended to. A filter that has let
//! its headers go has no header map any more. Nothing of a stream happens after it was answered.

use super::Headers;
use crate::names::RECORD_PROPERTY;
use crate::stream::letter::HeaderEdit;
use crate::stream::watch::Watch;
use crate::stream::{Command, Failure, FilterStatus, HostAction, Machine, PIECE, View};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

#[derive(Debug, Default)]
pub(super) struct Proxy {
    pub(super) headers: Headers,
    /// Whether the filter that acts may touch the headers.
    pub(super) holds_headers: bool,
    pub(super) state: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) queue: VecDeque<(u32, Vec<u8>)>,
    pub(super) replies: Vec<u16>,
    pub(super) resumed: bool,
    pub(super) watch: Rc<Watch>,
    pub(super) labels: Vec<(&'static str, String)>,
    /// The headers of the answer.
    pub(super) answer: Headers,
    /// The command that fails, counted from 0, and how many there have been.
    pub(super) fails_at: Option<usize>,
    pub(super) commands: usize,
    pub(super) failed: bool,
}

impl View for Proxy {
    type Bytes = Vec<u8>;

    fn property(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.state.get(path).cloned()
    }

    fn header(&self, name: &str) -> Option<Vec<u8>> {
        let found = self.headers.iter().find(|(known, _)| known == name.as_bytes());
        found.filter(|_| self.holds_headers).map(|(_, value)| value.clone())
    }

    fn answer_header(&self, name: &str) -> Option<Vec<u8>> {
        self.answer.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.clone())
    }

    fn now(&self) -> u64 {
        0
    }
}

impl Proxy {
    pub(super) fn new(headers: &Headers) -> Self {
        let state = BTreeMap::from([(b"request\0protocol".to_vec(), b"HTTP/1.1".to_vec())]);
        Self { headers: headers.clone(), holds_headers: true, state, ..Self::default() }
    }

    pub(super) fn value(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(known, _)| known == name.as_bytes());
        found.map(|(_, value)| String::from_utf8(value.clone()).expect("text"))
    }

    pub(super) fn record(&self) -> String {
        String::from_utf8(self.state.get(RECORD_PROPERTY.as_bytes()).cloned().unwrap_or_default()).expect("text")
    }

    /// Does what a machine commands, until its callback is over.
    pub(super) fn drive(&mut self, machine: &mut impl Machine<Self>, body: &mut Vec<u8>) -> FilterStatus {
        for _ in 0..10_000 {
            let number = self.commands;
            match machine.command() {
                Command::Return(status) => return status,
                Command::Show { at, until } => {
                    self.commands += 1;
                    assert!(at < until && until <= body.len(), "{at}..{until} of {}", body.len());
                    if self.fails_at == Some(number) {
                        self.failed = true;
                        machine.done(self, Err(Failure(10)));
                    } else {
                        machine.shown(self, &body[at..until.min(at + PIECE)]);
                    }
                }
                Command::Do(action) => {
                    self.commands += 1;
                    // A proxy that takes no answer either can do nothing right.
                    let fails = self.fails_at == Some(number) && !matches!(action, HostAction::Answer(_));
                    self.failed |= fails;
                    let result = if fails { Err(Failure(10)) } else { self.perform(action, body) };
                    machine.done(self, result);
                }
            }
        }
        panic!("a callback that never ends");
    }

    fn perform(&mut self, action: HostAction<'_>, body: &mut Vec<u8>) -> Result<(), Failure> {
        assert!(self.replies.is_empty(), "{action:?} after the answer");
        match action {
            HostAction::ReplacePrefix { length, with } => {
                assert!(length <= body.len());
                body.splice(..length, with.iter().copied());
            }
            HostAction::Append(with) => body.extend_from_slice(with),
            HostAction::MoveToEnd(length) => {
                assert!((1..=PIECE).contains(&length) && length <= body.len());
                body.rotate_left(length);
            }
            HostAction::Edit(_) if !self.holds_headers => return Err(Failure(2)),
            HostAction::Edit(HeaderEdit::Remove(name)) => self.headers.retain(|(known, _)| known != name),
            HostAction::Edit(HeaderEdit::Set(name, value)) => {
                self.headers.retain(|(known, _)| known != name);
                self.headers.push((name.to_vec(), value.to_vec()));
            }
            HostAction::SetProperty { name, value } => {
                self.state.insert(name.as_bytes().to_vec(), value.to_vec());
            }
            HostAction::Record(record) => {
                self.state.insert(RECORD_PROPERTY.as_bytes().to_vec(), record.to_json().into_bytes());
            }
            HostAction::Send { queue, letter } => self.queue.push_back((queue, letter.to_vec())),
            HostAction::Answer(reply) => self.replies.push(reply.status),
            HostAction::Resume => self.resumed = true,
            HostAction::Heard => _ = self.watch.heard(),
            HostAction::Label(name, value) => self.labels.push((name, value.to_owned())),
            HostAction::Unlabel(name) => self.answer.retain(|(known, _)| known != name.as_bytes()),
            HostAction::Watch { .. }
            | HostAction::Complain(_)
            | HostAction::Listen { .. }
            | HostAction::Reserve { .. } => {}
        }
        Ok(())
    }
}
