//! Wrong filter chains: seen, said once in a while, answered with a 500. Never a hang, never an unrouted request.
//!
//! | mistake | how it shows |
//! | --- | --- |
//! | `hold: stop` without `allow_on_headers_stop_iteration` | bytes of a body arrive, but no body callback comes |
//! | `hold: gate`, no gate behind the router | Envoy finds no route, or the gate's address is missing when the body comes |
//! | the gate stands before its router | the gate finds nothing to hold and leaves a note; the router reads it |
//! | `role: upstream` on a cluster that no chain or copy goes to | there is no plan |
//! | `role: upstream` with another `vm_id` than its router | there is no table of demotions (said only; no request is refused) |
//! | an endpoint without metadata, or with that of a model the request must not go to | the plan does not name its model |

/// The cluster of a request that is still undecided. No cluster can have this name: routes by header find nothing.
pub const UNDECIDED: &[u8] = b"pointsman-undecided";
/// What Envoy looks at before it compares a request with any route: without it, none fits, whatever the routes say
/// (`VirtualHostImpl::getRouteFromEntries`). Its connection manager sees to it that every request has it. The router takes it
/// away and the gate puts it back, so that a request that no gate has held goes nowhere, also where routes do not look at
/// the cluster header or have a default. It asks nothing of the gate: not its virtual machine, nor whether it exists.
pub const ROUTABLE_HEADER: &str = "x-forwarded-proto";
/// Filter state in which a router asks the gate behind it to hold. A client can send the undecided header; it cannot
/// write filter state.
pub const HOLD_PROPERTY: &str = "pointsman_hold";
/// Filter state a gate leaves on requests that it finds nobody to have asked it to hold.
pub const GATE_FIRST_PROPERTY: &str = "pointsman_gate_first";

/// `hold: stop` without the flag.
pub const FLAG_MISSING: &str = "Pointsman runs with `hold: stop`, but Envoy does not show it request bodies: set `allow_on_headers_stop_iteration: true` on its filter (Envoy 1.35 or newer), or use `hold: gate`";
/// `hold: gate` without a gate.
pub const GATE_MISSING: &str = "Pointsman runs with `hold: gate`, but there is no gate right behind it: add an instance of the module with `role: gate`";
/// The gate before its router.
pub const GATE_FIRST: &str = "Pointsman's gate stands in front of its router: put it right behind the router";

/// An attempt that no router has planned.
pub const NO_PLAN: &str = "Pointsman's `role: upstream` found no plan for this attempt: its cluster is for requests that Pointsman's router sends to a chain of models, and for copies";
/// An endpoint that says of no model that it serves it.
pub const ENDPOINT_UNMARKED: &str = "Pointsman's `role: upstream` does not know which model this endpoint serves: mark it with the metadata `pointsman: { model: ... }`";
/// An endpoint whose model must not get this request.
pub const MODEL_NOT_IN_PLAN: &str = "Pointsman's `role: upstream` refused an endpoint whose model is not in the plan of this request: its cluster does not fit the policy";
/// A body that is not the router's any more.
pub const BODY_DOES_NOT_FIT: &str = "the body has changed between Pointsman's router and the attempt: nothing may stand between them that changes bodies";

/// An upstream role that shares no data with its router.
pub const OTHER_VM_ID: &str = "Pointsman's `role: upstream` shares no data with a router, so what providers say about their rate limits is lost: give both the same `vm_config.vm_id` (a VM of its own takes another `vm_config.configuration`)";

/// What a refused attempt leaves in place of its number and model: the record is then that of the refusal.
pub const REFUSED_ATTEMPT: &[u8] = b"refused";
