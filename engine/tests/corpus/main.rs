//! The bypass corpus, `corpus/` of the repository: all of it, under each policy and in many splits, without an Envoy.
//!
//! What a proxy does to a request before and after is not here: `integration-tests/test_bypass.py` runs the same tables in
//! real Envoys.

#[cfg(test)]
mod attempt;
#[cfg(test)]
mod bytes;
#[cfg(test)]
mod corridor;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod readings;
#[cfg(test)]
mod splits;
