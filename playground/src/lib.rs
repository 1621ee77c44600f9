//! The playground: the engine in a browser, with the checks and request texts of the command line.
//!
//! The page asks in JSON and is answered in JSON; [`check`] and [`explain`] are all that it can ask. Nothing here decides, and the
//! module has no imports: it could reach nothing if it wanted to.

mod check;
mod explain;
mod exports;
#[cfg(test)]
mod tests;

pub use check::check;
pub use explain::explain;
