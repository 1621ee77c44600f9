//! The real binary: exit code and output of every command.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod check;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod explained;
#[cfg(test)]
mod files;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod fmt;
#[cfg(test)]
mod image;
#[cfg(test)]
mod learning;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod program;
#[cfg(test)]
mod quickstart;
#[cfg(test)]
mod render;
#[cfg(test)]
mod render_failover;
#[cfg(test)]
mod render_istio;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod reported;
#[cfg(test)]
mod run;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod top;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod variables;
#[cfg(test)]
mod yaml;
