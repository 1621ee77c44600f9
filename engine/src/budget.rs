//! The ledger of budgets: what has been used of each, and what is set aside for requests under way.
//!
//! Pure: functions of values and a time that is passed in. What all workers of a proxy share is one [`Sheet`] after another, as
//! bytes; each change is a value made of another, which whoever keeps them puts in its place only if nobody else has done so
//! (compare and swap), and makes anew from what is there otherwise.
//!
//! ```text
//! reserve   before a request goes out: refused where what it takes at least is more than what is left
//! settle    when its answer is known: what was set aside goes, what was really used is booked
//! release   it never went out: what was set aside goes
//! ```
//!
//! What is really used is booked to the window in which it is settled: a request that begins at 23:59 and ends at 00:01 counts
//! for the new day. What is set aside for a request of which nobody is ever heard again ends by itself ([`sheet::LIFE`]).

pub mod bill;
pub mod counter;
pub mod key;
pub mod sheet;
pub mod window;

pub use bill::{Answered, Bill, Charge, Tokens};
pub use counter::{Counter, Descriptor, Properties};
pub use key::{Account, Key};
pub use sheet::{Ask, Balance, Reservation, Sheet};
pub use window::{Period, Window};
