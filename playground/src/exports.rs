//! What the page calls: it writes a question into `input`, calls `check` or `explain`, and reads the answer at `output`.
//!
//! Both places belong to this module, which never gives memory away: there is nothing to free, and nothing that could be freed
//! twice. A question that is too large for the memory of a tab ends the module; the page starts another.

use crate::explain::Question;
use serde_json::{Value, json};
use std::cell::RefCell;

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A place for a question of this many bytes.
#[expect(unsafe_code, reason = "the page finds it by its name")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pointsman_input(length: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        *input = vec![0; length];
        input.as_mut_ptr()
    })
}

/// Checks the policy that was put in, as text; the answer has this many bytes.
#[expect(unsafe_code, reason = "the page finds it by its name")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pointsman_check() -> usize {
    answer(|question| Ok(crate::check(std::str::from_utf8(question).map_err(|err| err.to_string())?)))
}

/// Explains the decision for the question that was put in, as JSON; the answer has this many bytes.
#[expect(unsafe_code, reason = "the page finds it by its name")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pointsman_explain() -> usize {
    answer(|question| {
        let question: Question = serde_json::from_slice(question).map_err(|err| err.to_string())?;
        Ok(match crate::explain(&question) {
            Ok(answer) => serde_json::to_value(answer).map_err(|err| err.to_string())?,
            Err(fault) => json!({ "fault": fault }),
        })
    })
}

/// Where the answer is.
#[expect(unsafe_code, reason = "the page finds it by its name")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pointsman_output() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

/// An error is one of the page's: it asked what cannot be read.
fn answer(of: impl FnOnce(&[u8]) -> Result<Value, String>) -> usize {
    let answer = INPUT.take();
    let answer = of(&answer).unwrap_or_else(|err| json!({ "error": err })).to_string().into_bytes();
    let length = answer.len();
    OUTPUT.set(answer);
    length
}

/// Puts a question in, as the page does.
#[cfg(test)]
pub(crate) fn write(question: &[u8]) {
    INPUT.with_borrow_mut(|input| input.copy_from_slice(question));
}

/// The answer, as the page reads it.
#[cfg(test)]
pub(crate) fn answered() -> Vec<u8> {
    OUTPUT.with_borrow(Clone::clone)
}
