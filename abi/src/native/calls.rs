//! The host calls, where there is no proxy.

#![expect(unsafe_code, reason = "writes to the memory that crosses, as a host does")]
#![expect(missing_docs, reason = "the functions of `calls`, which documents them")]

use super::{Call, Given, call};
use crate::{Buffer, Loan, LogLevel, Map, Metric, Status, Stream, memory};

fn nothing(of: Call<'_>) -> Result<(), Status> {
    call(of).map(|_| ())
}

fn number(of: Call<'_>) -> Result<u64, Status> {
    match call(of)? {
        Given::Number(number) => Ok(number),
        _ => Err(Status::INVALID_MEMORY),
    }
}

fn loan(of: Call<'_>) -> Result<(Loan, u32), Status> {
    let (bytes, cas) = match call(of)? {
        Given::Bytes(bytes) => (bytes, 0),
        Given::Shared(bytes, cas) => (bytes, cas),
        _ => return Err(Status::INVALID_MEMORY),
    };
    // As a proxy does: it asks for a block, fills it, and says where it is.
    let loan = memory::receive(|data, size| {
        let block = memory::allocate(bytes.len());
        if !block.is_null() {
            // SAFETY: the block was asked for with this size, and is nobody else's.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), block, bytes.len()) };
        }
        // SAFETY: `receive` hands in a live pointer.
        unsafe { data.write(block) };
        // SAFETY: as above.
        unsafe { size.write(bytes.len()) };
        0
    })?;
    Ok((loan, cas))
}

pub fn initialise() {}

pub fn log(level: LogLevel, text: &[u8]) -> Result<(), Status> {
    nothing(Call::Log { level, text })
}

pub fn log_level() -> Result<u32, Status> {
    number(Call::LogLevel).map(|level| level as u32)
}

pub fn current_time() -> Result<u64, Status> {
    number(Call::CurrentTime)
}

pub fn set_tick_period(milliseconds: u32) -> Result<(), Status> {
    nothing(Call::SetTickPeriod(milliseconds))
}

pub fn set_effective_context(context: u32) -> Result<(), Status> {
    nothing(Call::SetEffectiveContext(context))
}

pub fn continue_stream(_: Stream) -> Result<(), Status> {
    nothing(Call::ContinueStream)
}

pub fn get_buffer(buffer: Buffer, start: usize, max: usize) -> Result<Loan, Status> {
    Ok(loan(Call::GetBuffer { buffer, start, max })?.0)
}

pub fn set_buffer(buffer: Buffer, start: usize, length: usize, with: &[u8]) -> Result<(), Status> {
    nothing(Call::SetBuffer { buffer, start, length, with })
}

pub fn get_header_map(map: Map) -> Result<Loan, Status> {
    Ok(loan(Call::GetHeaderMap(map))?.0)
}

pub fn get_header(map: Map, name: &[u8]) -> Result<Loan, Status> {
    Ok(loan(Call::GetHeader { map, name })?.0)
}

pub fn replace_header(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    nothing(Call::ReplaceHeader { map, name, value })
}

pub fn remove_header(map: Map, name: &[u8]) -> Result<(), Status> {
    nothing(Call::RemoveHeader { map, name })
}

pub fn get_property(path: &[u8]) -> Result<Loan, Status> {
    Ok(loan(Call::GetProperty(path))?.0)
}

pub fn set_property(path: &[u8], value: &[u8]) -> Result<(), Status> {
    nothing(Call::SetProperty { path, value })
}

pub fn get_shared_data(key: &[u8]) -> Result<(Loan, u32), Status> {
    loan(Call::GetSharedData(key))
}

pub fn set_shared_data(key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
    nothing(Call::SetSharedData { key, value, cas })
}

pub fn register_queue(name: &[u8]) -> Result<u32, Status> {
    number(Call::RegisterQueue(name)).map(|queue| queue as u32)
}

pub fn enqueue(queue: u32, message: &[u8]) -> Result<(), Status> {
    nothing(Call::Enqueue { queue, message })
}

pub fn dequeue(queue: u32) -> Result<Loan, Status> {
    Ok(loan(Call::Dequeue(queue))?.0)
}

pub fn define_metric(kind: Metric, name: &[u8]) -> Result<u32, Status> {
    number(Call::DefineMetric { kind, name }).map(|metric| metric as u32)
}

pub fn increment_metric(metric: u32, by: i64) -> Result<(), Status> {
    nothing(Call::IncrementMetric { metric, by })
}

pub fn record_metric(metric: u32, value: u64) -> Result<(), Status> {
    nothing(Call::RecordMetric { metric, value })
}

pub fn send_local_response(status: u32, details: &[u8], headers: &[u8], body: &[u8]) -> Result<(), Status> {
    nothing(Call::SendLocalResponse { status, details, headers, body })
}
