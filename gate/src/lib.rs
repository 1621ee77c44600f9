//! The gate as a module of its own: holds requests behind Pointsman's router, and nothing else.
//!
//! Some control planes give each plugin a virtual machine of its own and fetch its code apart, Envoy Gateway among them. A
//! second copy of the whole module would be several times as large, and Envoy does not like to fetch the same bytes for two
//! filters at once. The machine is the engine's (`stream/gate`), the same that the whole module runs as `role: gate`.
//!
//! ```text
//! exports   what Envoy calls
//! plugins   context id -> gate
//! config    the one configuration that there is
//! drive     commands of a machine, done in Envoy
//! ```

#![cfg_attr(
    not(any(test, target_arch = "wasm32")),
    expect(dead_code, reason = "a native build has nobody who would call it; its tests do")
)]

mod config;
mod drive;
mod exports;
mod plugins;
