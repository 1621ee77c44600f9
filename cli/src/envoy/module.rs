//! The module's file, looked at before an Envoy is: it would only say that it cannot create a virtual machine.

use pointsman_engine::Policy;
use pointsman_engine::names::CLUSTER_HEADER;
use pointsman_source::reason;
use std::path::Path;

/// The module that looks at answers: what some policies need, and what costs the others a callback for each chunk.
pub(crate) const ANSWERS: &str = "pointsman-answers.wasm";

/// The module for all others.
pub(crate) const REQUESTS: &str = "pointsman.wasm";

/// What a module exports that looks at answers.
const LOOKS_AT_ANSWERS: &[u8] = b"proxy_on_response_body";

/// The file name of the module that a policy needs.
pub(crate) fn name_for(policy: &Policy) -> &'static str {
    if policy.follows_answers() { ANSWERS } else { REQUESTS }
}

/// Why a file is not Pointsman's module.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It cannot be read here.
    Unread(String),
    /// It is something else.
    Other(String),
}

/// Looks at what is in the file: whether it is the module, and can do what this policy needs.
pub(crate) fn check(file: &Path, policy: &Policy) -> Result<(), Fault> {
    let name = file.display();
    let bytes = std::fs::read(file).map_err(|err| Fault::Unread(reason(&err)))?;
    if !bytes.starts_with(b"\0asm") {
        let message = format!("`{name}` is no WebAssembly module: run `make wasm`, or name another with --wasm");
        return Err(Fault::Other(message));
    }
    let has = |mark: &[u8]| bytes.windows(mark.len()).any(|it| it == mark);
    if !has(CLUSTER_HEADER.as_bytes()) {
        let message = format!("`{name}` is a WebAssembly module, but not Pointsman's: name that one with --wasm");
        return Err(Fault::Other(message));
    }
    if policy.follows_answers() && !has(LOOKS_AT_ANSWERS) {
        let message = format!(
            "`{name}` looks at no answers, and the policy has them read (by `usage`, `metrics`, `budgets`, `answerModel` or \
            `providerState.signedIds`): name {ANSWERS} with --wasm"
        );
        return Err(Fault::Other(message));
    }
    Ok(())
}
