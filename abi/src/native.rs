//! Whoever stands in for the proxy where there is none: a test.

pub(crate) mod calls;

use crate::{Buffer, LogLevel, Map, Metric, Status};
use std::cell::RefCell;
use std::rc::Rc;

/// One call of the module to its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the call of the same name, with its arguments")]
pub enum Call<'a> {
    Log { level: LogLevel, text: &'a [u8] },
    LogLevel,
    CurrentTime,
    SetTickPeriod(u32),
    SetEffectiveContext(u32),
    ContinueStream,
    GetBuffer { buffer: Buffer, start: usize, max: usize },
    SetBuffer { buffer: Buffer, start: usize, length: usize, with: &'a [u8] },
    GetHeaderMap(Map),
    GetHeader { map: Map, name: &'a [u8] },
    ReplaceHeader { map: Map, name: &'a [u8], value: &'a [u8] },
    RemoveHeader { map: Map, name: &'a [u8] },
    GetProperty(&'a [u8]),
    SetProperty { path: &'a [u8], value: &'a [u8] },
    GetSharedData(&'a [u8]),
    SetSharedData { key: &'a [u8], value: &'a [u8], cas: u32 },
    RegisterQueue(&'a [u8]),
    Enqueue { queue: u32, message: &'a [u8] },
    Dequeue(u32),
    DefineMetric { kind: Metric, name: &'a [u8] },
    IncrementMetric { metric: u32, by: i64 },
    RecordMetric { metric: u32, value: u64 },
    SendLocalResponse { status: u32, details: &'a [u8], headers: &'a [u8], body: &'a [u8] },
}

/// What a host hands back when it has done what it was called for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// It is done.
    Nothing,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A time, a level, a queue or a metric.
    Number(u64),
    /// A shared value, and the number to change it with.
    Shared(Vec<u8>, u32),
}

/// A host.
pub trait Host {
    /// Does what it is called for, or says why not.
    fn call(&self, call: Call<'_>) -> Result<Given, Status>;
}

thread_local! {
    static HOST: RefCell<Option<Rc<dyn Host>>> = const { RefCell::new(None) };
}

/// Puts a host in the proxy's place, for this thread.
pub fn install(host: Rc<dyn Host>) {
    HOST.with(|slot| *slot.borrow_mut() = Some(host));
}

/// Without a host, no call is known.
fn call(call: Call<'_>) -> Result<Given, Status> {
    let host = HOST.with(|slot| slot.borrow().clone());
    host.map_or(Err(Status::UNIMPLEMENTED), |host| host.call(call))
}
