//! An attempt that comes to the upstream role.

use crate::drive::Place;
use crate::host::Action;
use crate::view::Envoy;
use pointsman_engine::stream::upstream::UpstreamStream;
use pointsman_engine::stream::watch::Complaints;
use std::rc::Rc;

/// A configured instance on one worker.
#[derive(Debug, Default)]
pub(crate) struct Upstream {
    complaints: Complaints,
}

/// An attempt under way.
pub(crate) struct Stream {
    plugin: Rc<Upstream>,
    context: u32,
    machine: UpstreamStream,
}

pub(crate) fn on_request_headers(
    plugin: &Rc<Upstream>,
    context: u32,
    end_of_stream: bool,
) -> (Action, Option<Box<Stream>>) {
    let machine = UpstreamStream::begin(&Envoy { context }, end_of_stream);
    let mut stream = Box::new(Stream { plugin: Rc::clone(plugin), context, machine });
    let action = stream.drive(|_, _| {});
    (action, (!stream.machine.is_over()).then_some(stream))
}

impl Stream {
    /// Tells the machine what has happened, and does what it commands.
    fn drive(&mut self, happened: impl FnOnce(&mut UpstreamStream, &Envoy)) -> Action {
        let envoy = Envoy { context: self.context };
        happened(&mut self.machine, &envoy);
        let place = Place { complaints: Some(&self.plugin.complaints), ..Place::of(self.context) };
        place.drive(&mut self.machine)
    }

    pub(crate) fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.drive(|machine, envoy| machine.body(envoy, size, end_of_stream))
    }

    pub(crate) fn on_request_trailers(&mut self) -> Action {
        self.drive(UpstreamStream::trailers)
    }

    pub(crate) fn on_response_headers(&mut self) {
        self.drive(|machine, _| machine.answer());
    }
}
