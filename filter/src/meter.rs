//! Values for the proxy's own statistics.

use crate::host::{self, Metric};
use pointsman_engine::metric::{Kind, Sample};
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    /// The metrics that this worker has defined, by their names: the host looks for a name among all that it has.
    static DEFINED: RefCell<HashMap<Box<str>, u32>> = RefCell::default();
}

/// Counts, unless it takes another series and there are as many as there may be: then it is counted that one is missing.
pub(crate) fn count_within(sample: &Sample, most: usize) {
    let (metric, has_room) =
        DEFINED.with_borrow(|defined| (defined.get(sample.name.as_str()).copied(), defined.len() < most));
    match metric {
        Some(metric) => put(metric, sample),
        None if has_room => count(sample),
        None => count(&Sample::missing()),
    }
}

/// Counts.
pub(crate) fn count(sample: &Sample) {
    if let Some(metric) = metric(sample) {
        put(metric, sample);
    }
}

/// A proxy that does not let us is no reason to do anything else differently.
fn put(metric: u32, sample: &Sample) {
    let _ = match sample.kind {
        Kind::Counter => host::increment_metric(metric, i64::try_from(sample.value).unwrap_or(i64::MAX)),
        Kind::Gauge | Kind::Histogram => host::record_metric(metric, sample.value),
    };
}

fn metric(sample: &Sample) -> Option<u32> {
    DEFINED.with_borrow_mut(|defined| {
        if let Some(metric) = defined.get(sample.name.as_str()) {
            return Some(*metric);
        }
        let kind = match sample.kind {
            Kind::Counter => Metric::Counter,
            Kind::Gauge => Metric::Gauge,
            Kind::Histogram => Metric::Histogram,
        };
        let metric = host::define_metric(kind, &sample.name).ok()?;
        defined.insert(sample.name.as_str().into(), metric);
        Some(metric)
    })
}
