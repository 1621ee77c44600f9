//! A host for one stream at a time, in the proxy's place: it holds what a proxy would, and any call of it can fail.

use pointsman_abi::native::{Call, Given, Host, install};
use pointsman_abi::{Buffer, Map, Status};
use pointsman_engine::stream::pairs;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

type Text = Vec<u8>;

/// What the proxy holds.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) configuration: Text,
    pub(super) headers: [Vec<(Text, Text)>; 4],
    pub(super) body: Text,
    pub(super) answer: Text,
    pub(super) properties: BTreeMap<Text, Text>,
    pub(super) shared: BTreeMap<Text, (Text, u32)>,
    /// How many changes of shared values other workers are faster with.
    pub(super) races: u32,
    /// The number of the latest change.
    changes: u32,
    pub(super) queue: Vec<Text>,
    /// Status and body of an answer of ours.
    pub(super) answers: Vec<(u32, String)>,
    pub(super) log: Vec<String>,
    pub(super) tick: u32,
    pub(super) resumed: bool,
    /// The contexts that are alive.
    pub(super) contexts: Vec<u32>,
    pub(super) log_level: u64,
    /// Metrics by the numbers that they were given, and all values of each.
    pub(super) metrics: Vec<(String, Vec<u64>)>,
}

/// The host.
#[derive(Debug, Default)]
pub(super) struct Fake {
    pub(super) state: RefCell<State>,
    calls: Cell<usize>,
    fails_at: Cell<Option<usize>>,
    pub(super) failed: RefCell<Option<String>>,
}

impl Fake {
    pub(super) fn install() -> Rc<Self> {
        let fake = Rc::new(Self::default());
        fake.state.borrow_mut().log_level = 1;
        install(Rc::<Self>::clone(&fake));
        fake
    }

    /// From here on, the call with this number fails.
    pub(super) fn fail(&self, at: Option<usize>) {
        self.calls.set(0);
        self.fails_at.set(at);
        self.failed.take();
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let state = self.state.borrow();
        let found = state.headers[0].iter().find(|(known, _)| known == name.as_bytes());
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    pub(super) fn property(&self, name: &str) -> Option<String> {
        let state = self.state.borrow();
        state.properties.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

impl Host for Fake {
    fn call(&self, call: Call<'_>) -> Result<Given, Status> {
        let number = self.calls.replace(self.calls.get() + 1);
        // A host that takes no answer either can do nothing right.
        if self.fails_at.get() == Some(number) && !matches!(call, Call::SendLocalResponse { .. }) {
            *self.failed.borrow_mut() = Some(format!("{call:?}"));
            return Err(Status::new(10));
        }
        self.state.borrow_mut().call(call)
    }
}

impl State {
    fn call(&mut self, call: Call<'_>) -> Result<Given, Status> {
        let missing = Status::NOT_FOUND;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match call {
            Call::Log { text: line, .. } => self.log.push(text(line)),
            Call::LogLevel => return Ok(Given::Number(self.log_level)),
            Call::CurrentTime => return Ok(Given::Number(1_000_000_000)),
            Call::SetTickPeriod(period) => self.tick = period,
            Call::SetEffectiveContext(context) if !self.contexts.contains(&context) => return Err(missing),
            Call::SetEffectiveContext(_) => {}
            Call::ContinueStream => self.resumed = true,
            Call::GetBuffer { buffer, start, max } => {
                let all = match buffer {
                    Buffer::RequestBody => &self.body,
                    Buffer::ResponseBody => &self.answer,
                    Buffer::PluginConfiguration => &self.configuration,
                };
                let end = start.saturating_add(max).min(all.len());
                return Ok(Given::Bytes(all.get(start..end).ok_or(missing)?.to_vec()));
            }
            Call::SetBuffer { buffer, start, length, with } => {
                let body = if buffer == Buffer::ResponseBody { &mut self.answer } else { &mut self.body };
                match start {
                    0 => _ = body.splice(..length, with.iter().copied()),
                    _ if start >= body.len() => body.extend_from_slice(with),
                    _ => return Err(Status::new(2)),
                }
            }
            Call::GetHeaderMap(map) => {
                let all = self.map(map).iter().map(|(name, value)| (&name[..], &value[..]));
                return Ok(Given::Bytes(pairs::write(all)));
            }
            Call::GetHeader { map, name } => {
                let found = self.map(map).iter().find(|(known, _)| known == name);
                return found.map(|(_, value)| Given::Bytes(value.clone())).ok_or(missing);
            }
            Call::ReplaceHeader { map, name, value } => {
                self.map(map).retain(|(known, _)| known != name);
                self.map(map).push((name.to_vec(), value.to_vec()));
            }
            Call::RemoveHeader { map, name } => self.map(map).retain(|(known, _)| known != name),
            Call::GetProperty(path) => return self.properties.get(path).cloned().map(Given::Bytes).ok_or(missing),
            Call::SetProperty { path, value } => _ = self.properties.insert(path.to_vec(), value.to_vec()),
            Call::GetSharedData(key) => {
                return self.shared.get(key).cloned().map(|(value, cas)| Given::Shared(value, cas)).ok_or(missing);
            }
            Call::SetSharedData { key, value, cas } => {
                let is_faster = self.races > 0;
                self.races = self.races.saturating_sub(1);
                let is_stale = self.shared.get(key).is_some_and(|(_, now)| cas != 0 && cas != *now);
                if is_faster || is_stale {
                    return Err(Status::CAS_MISMATCH);
                }
                self.changes += 1;
                self.shared.insert(key.to_vec(), (value.to_vec(), self.changes));
            }
            Call::DefineMetric { name, .. } => {
                let name = text(name);
                let at = self.metrics.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                    self.metrics.push((name, Vec::new()));
                    self.metrics.len() - 1
                });
                return Ok(Given::Number(at as u64));
            }
            Call::IncrementMetric { metric, by } => self.measure(metric, by.unsigned_abs()),
            Call::RecordMetric { metric, value } => self.measure(metric, value),
            Call::RegisterQueue(_) => return Ok(Given::Number(9)),
            Call::Enqueue { message, .. } => self.queue.push(message.to_vec()),
            Call::Dequeue(_) => return self.queue.pop().map(Given::Bytes).ok_or(missing),
            Call::SendLocalResponse { status, body, .. } => self.answers.push((status, text(body))),
        }
        Ok(Given::Nothing)
    }

    fn measure(&mut self, metric: u32, value: u64) {
        if let Some((_, values)) = self.metrics.get_mut(metric as usize) {
            values.push(value);
        }
    }

    fn map(&mut self, map: Map) -> &mut Vec<(Text, Text)> {
        &mut self.headers[map as usize]
    }
}
