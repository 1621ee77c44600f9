//! The machines, held against a model of the proxy that drives them.
