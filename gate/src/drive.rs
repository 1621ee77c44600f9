//! Commands of a gate's machines, done in Envoy: the few that they know.

use pointsman_abi::{Action, Status};
use pointsman_engine::stream::letter::HeaderEdit;
use pointsman_engine::stream::{Command, HostAction, Machine};
use pointsman_host::machine::failure;
use pointsman_host::view::Envoy;
use pointsman_host::{self as host, Headers};

/// Does what the machine commands, until its callback is over.
pub(crate) fn drive(context: u32, machine: &mut impl Machine<Envoy>) -> Action {
    let envoy = Envoy { context };
    loop {
        match machine.command() {
            Command::Return(status) => return host::machine::action(status),
            // A gate sees no body.
            Command::Show { .. } => machine.done(&envoy, Err(failure(Status::NOT_FOUND))),
            Command::Do(action) => {
                let result = perform(action).map_err(failure);
                machine.done(&envoy, result);
            }
        }
    }
}

fn perform(action: HostAction<'_>) -> Result<(), Status> {
    match action {
        HostAction::SetProperty { name, value } => host::set_property(name, value),
        HostAction::Edit(HeaderEdit::Set(name, value)) => host::set_header(Headers::RequestHeaders, name, value),
        HostAction::Edit(HeaderEdit::Remove(name)) => host::remove_header(Headers::RequestHeaders, name),
        HostAction::Resume => host::resume_request(),
        HostAction::Answer(reply) => host::send_local_response(reply.status, &reply.headers, &reply.body),
        // The record of the decision stays the router's: this module cannot write one.
        _ => Ok(()),
    }
}
