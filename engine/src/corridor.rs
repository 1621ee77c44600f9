//! The one way a request takes through the engine: headers -> facts -> decision -> edits, and what is said of the answer.
//!
//! Three rooms, one behind the other: `door` is what the headers settle, `reading` is the body until and behind the
//! decision, `answer` is what there is to do when somebody answers. The filter and the CLI walk the same corridor, which
//! is why `explain` tells the truth about the proxy.

mod answer;
mod door;
mod reading;

pub use answer::{Answer, Expectation};
pub use door::{Caller, Received, receive};
pub use reading::{Reading, Step};
