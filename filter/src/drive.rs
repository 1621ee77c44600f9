//! Commands of a machine, done in Envoy.

use crate::feedback;
use crate::host::machine::failure;
use crate::host::{self, Action, Buffer, Headers, Loan, Status};
use crate::spend::Tab;
use crate::tallies;
use crate::view::Envoy;
use pointsman_engine::Record;
use pointsman_engine::names::RECORD_PROPERTY;
use pointsman_engine::stream::letter::HeaderEdit;
use pointsman_engine::stream::summary::Summary;
use pointsman_engine::stream::watch::{Complaints, TICK, Watch};
use pointsman_engine::stream::{Command, HostAction, Machine};

/// Where a machine stands: its stream, and what its plugin keeps for all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) envoy: Envoy,
    /// The body that its callbacks see.
    pub(crate) body: Buffer,
    pub(crate) watch: Option<&'a Watch>,
    pub(crate) complaints: Option<&'a Complaints>,
    /// What the request has to pay.
    pub(crate) tab: Option<&'a Tab>,
}

impl Place<'_> {
    /// That of a stream whose plugin keeps nothing.
    pub(crate) fn of(context: u32) -> Self {
        Self { envoy: Envoy { context }, body: Buffer::RequestBody, watch: None, complaints: None, tab: None }
    }

    /// Does what the machine commands, until its callback is over.
    pub(crate) fn drive(&self, machine: &mut impl Machine<Envoy>) -> Action {
        // The first piece of the body that was shown: most splices fall into it, and need not fetch it again.
        let mut head: Option<Loan> = None;
        loop {
            match machine.command() {
                Command::Return(status) => return host::machine::action(status),
                Command::Show { at, until } => {
                    match head.as_deref().and_then(|head| head.get(at..until.min(head.len()))) {
                        Some(known) if !known.is_empty() => machine.shown(&self.envoy, known),
                        _ => match host::body(self.body, at, until) {
                            Ok(piece) => {
                                machine.shown(&self.envoy, &piece);
                                if at == 0 {
                                    head = Some(piece);
                                }
                            }
                            Err(status) => machine.done(&self.envoy, Err(failure(status))),
                        },
                    }
                }
                Command::Do(action) => {
                    // It may change the body.
                    head = None;
                    let result = self.perform(action).map_err(failure);
                    machine.done(&self.envoy, result);
                }
            }
        }
    }

    fn perform(&self, action: HostAction<'_>) -> Result<(), Status> {
        match action {
            HostAction::ReplacePrefix { length, with } => host::replace_body_prefix(self.body, length, with),
            HostAction::Append(with) => host::append_body(self.body, with),
            HostAction::MoveToEnd(length) => move_to_end(self.body, length),
            HostAction::Edit(HeaderEdit::Set(name, value)) => host::set_header(Headers::RequestHeaders, name, value),
            HostAction::Edit(HeaderEdit::Remove(name)) => host::remove_header(Headers::RequestHeaders, name),
            HostAction::SetProperty { name, value } => host::set_property(name, value),
            HostAction::Record(record) => {
                self.tab.inspect(|tab| tab.note(record));
                self::record(self.envoy.context, record)
            }
            HostAction::Reserve { bill, charge } => self.tab.map_or(Ok(()), |tab| tab.reserve(bill, charge)),
            HostAction::Send { queue, letter } => host::enqueue(queue, letter),
            HostAction::Watch { .. } | HostAction::Heard | HostAction::Complain(_) => {
                self.note(action);
                Ok(())
            }
            HostAction::Answer(reply) => {
                self.tab.inspect(|tab| tab.release());
                host::send_local_response(reply.status, &reply.headers, &reply.body)
                    .inspect_err(|status| log::error!("Envoy did not take an answer: {status}"))
            }
            HostAction::Listen { owner, model, proven } => feedback::listen(&self.envoy, owner, model, proven),
            HostAction::Resume => host::resume_request(),
            HostAction::Label(name, value) => {
                host::set_header(Headers::ResponseHeaders, name.as_bytes(), value.as_bytes())
            }
            HostAction::Unlabel(name) => host::remove_header(Headers::ResponseHeaders, name.as_bytes()),
        }
    }

    /// What concerns not the stream but its plugin.
    fn note(&self, action: HostAction<'_>) {
        let ticks = match (action, self.watch) {
            (HostAction::Watch { length }, Some(watch)) if !watch.is_sound() => {
                watch.hold(self.envoy.context, host::received(), length).then_some(TICK)
            }
            (HostAction::Heard, Some(watch)) => watch.heard().then_some(0),
            _ => None,
        };
        if let Some(period) = ticks {
            host::set_tick_period(period);
        }
        if let (HostAction::Complain(mistake), Some(complaints)) = (action, self.complaints)
            && complaints.is_due(host::now())
        {
            log::error!("wrong installation: {mistake}");
        }
    }
}

/// Puts the record of a decision into filter state, and what it comes down to into the log. Where the end of the request matters,
/// the record gets there when that has come: what is written before would be written over.
pub(crate) fn record(context: u32, record: &Record) -> Result<(), Status> {
    log::debug!("{}", Summary(record));
    if tallies::note(context, record) {
        return Ok(());
    }
    host::set_property(RECORD_PROPERTY, record.to_json().as_bytes())
}

fn move_to_end(body: Buffer, length: usize) -> Result<(), Status> {
    let piece = host::body(body, 0, length)?;
    if piece.len() != length {
        return Err(Status::INVALID_MEMORY);
    }
    host::replace_body_prefix(body, length, b"")?;
    host::append_body(body, &piece)
}
