//! The one way a request takes through the engine: headers -> facts -> decision -> edits.
//!
//! The filter and the CLI both walk it, which is why `explain` tells the truth about the proxy.

use crate::decide::Decision;
use crate::policy::Policy;
use std::rc::Rc;

/// The request headers as the proxy holds them, pseudo-headers included, names in lower case.
pub type HeaderList<'a> = [(&'a [u8], &'a [u8])];

/// Who is calling, as the proxy itself has proved it. Asked only when the policy's tenants need it.
pub trait Caller {
    /// URI SANs of the verified client certificate (SPIFFE ID), if any.
    fn principal(&self) -> Option<Vec<u8>>;
    /// A claim of the verified JWT, as Envoy's `jwt_authn` left it in dynamic metadata.
    fn claim(&self, path: &[String]) -> Option<Vec<u8>>;
}

/// What the headers alone settle.
pub enum Received {
    /// Not an LLM call: leave it untouched.
    Pass,
    /// Answered or refused without an upstream.
    Reply(Reply),
    /// An LLM call: feed the body to it.
    Read(Box<Reading>),
}

/// Looks at the request headers.
pub fn receive(policy: &Rc<Policy>, headers: &HeaderList<'_>, caller: &dyn Caller, end_of_stream: bool) -> Received;

/// One LLM request whose body is being read.
pub struct Reading { /* private */ }

impl Reading {
    /// Takes the next bytes of the body, in any split.
    pub fn push(&mut self, chunk: &[u8]) -> Step;
    /// The body is complete.
    pub fn finish(&mut self) -> Step;
    pub fn decision(&self) -> Option<&Decision>;
    /// x-pointsman-* response headers, when the policy asks for them.
    pub fn response_headers(&self) -> Vec<(&'static str, String)>;
}

/// What the host does next.
pub enum Step {
    /// Undecided: hold headers and body.
    Hold,
    /// Decided just now: apply these and let the request flow.
    Route(Edits),
    /// Decided earlier: this chunk may pass.
    Flow,
    /// Refused, possibly after the decision was streamed: answer the client, reset the upstream.
    Reply(Reply),
}

/// What a decision changes in the request.
pub struct Edits {
    /// Replaces one range of the body; `None` when the name stays as it is.
    pub splice: Option<Splice>,
    /// Headers to set (overwrite).
    pub set_headers: Vec<(&'static str, String)>,
    /// Headers to remove: they describe the body as it was.
    pub remove_headers: Vec<&'static str>,
    /// The exact new content-length, when the client sent one and the splice changes it.
    pub content_length: Option<u64>,
    /// The decision record, for filter state.
    pub record: String,
}

/// `body[keep..until]` is replaced by `with`.
pub struct Splice { pub keep: usize, pub until: usize, pub with: Vec<u8> }

/// An answer that needs no upstream.
pub struct Reply { pub status: u16, pub headers: Vec<(&'static str, String)>, pub body: Vec<u8>, pub record: String }
