//! The module's file, looked at before an Envoy is: it would only say that it cannot create a virtual machine.

use pointsman_engine::names::CLUSTER_HEADER;
use pointsman_source::reason;
use std::path::Path;

/// Why a file is not Pointsman's module.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It cannot be read here.
    Unread(String),
    /// It is something else.
    Other(String),
}

/// Looks at what is in the file.
pub(crate) fn check(file: &Path) -> Result<(), Fault> {
    let name = file.display();
    let bytes = std::fs::read(file).map_err(|err| Fault::Unread(reason(&err)))?;
    if !bytes.starts_with(b"\0asm") {
        let message = format!("`{name}` is no WebAssembly module: run `make wasm`, or name another with --wasm");
        return Err(Fault::Other(message));
    }
    let mark = CLUSTER_HEADER.as_bytes();
    if !bytes.windows(mark.len()).any(|it| it == mark) {
        let message = format!("`{name}` is a WebAssembly module, but not Pointsman's: name that one with --wasm");
        return Err(Fault::Other(message));
    }
    Ok(())
}
