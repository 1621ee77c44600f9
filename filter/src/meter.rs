//! Values for the proxy's own statistics.

use crate::host::{self, Metric};
use crate::spread::Spread;
use pointsman_engine::metric::{Alike, Counts, Kind, Sample, Series};
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

/// The metrics that this worker has defined: the host looks for a name among all that it has.
#[derive(Default)]
struct Defined {
    by_name: HashMap<Box<str>, u32>,
    /// Those that nearly every request adds to, so that their names are not made for each.
    shared: HashMap<u64, [Option<u32>; Series::COUNT], BuildHasherDefault<Spread>>,
}

thread_local! {
    static DEFINED: Cell<Option<Box<Defined>>> = const { Cell::new(None) };
}

fn with<R>(act: impl FnOnce(&mut Defined) -> R) -> R {
    let mut defined = DEFINED.take().unwrap_or_default();
    let result = act(&mut defined);
    DEFINED.set(Some(defined));
    result
}

/// Counts what a request has come to. A series for which there is no room is not made, and it is counted that one is missing.
pub(crate) fn count_request(counts: &Counts<'_>) {
    let (alike, most) = (counts.alike(), counts.most_series());
    with(|defined| {
        counts.values(|series, value| defined.add(counts, (alike, series), value, most));
        counts.others().iter().for_each(|sample| defined.count_within(sample, most));
    });
}

/// Counts.
pub(crate) fn count(sample: &Sample) {
    with(|defined| defined.count(sample));
}

impl Defined {
    fn add(&mut self, counts: &Counts<'_>, (alike, series): (Alike, Series), value: u64, most: usize) {
        let kind = series.kind();
        if let Some(metric) = self.shared.get(&alike.0).and_then(|metrics| *metrics.get(series as usize)?) {
            return put(metric, kind, value);
        }
        let sample = Sample { kind, name: counts.name(series), value };
        self.count_within(&sample, most);
        let metric = self.by_name.get(sample.name.as_str()).copied();
        // There are no more of these than there are series.
        if metric.is_some()
            && (self.shared.len() < most || self.shared.contains_key(&alike.0))
            && let Some(place) = self.shared.entry(alike.0).or_default().get_mut(series as usize)
        {
            *place = metric;
        }
    }

    fn count_within(&mut self, sample: &Sample, most: usize) {
        if self.by_name.contains_key(sample.name.as_str()) || self.by_name.len() < most {
            self.count(sample);
        } else {
            self.count(&Sample::missing());
        }
    }

    fn count(&mut self, sample: &Sample) {
        if let Some(metric) = self.metric(sample) {
            put(metric, sample.kind, sample.value);
        }
    }

    fn metric(&mut self, sample: &Sample) -> Option<u32> {
        if let Some(metric) = self.by_name.get(sample.name.as_str()) {
            return Some(*metric);
        }
        let kind = match sample.kind {
            Kind::Counter => Metric::Counter,
            Kind::Gauge => Metric::Gauge,
            Kind::Histogram => Metric::Histogram,
        };
        let metric = host::define_metric(kind, &sample.name).ok()?;
        self.by_name.insert(sample.name.as_str().into(), metric);
        Some(metric)
    }
}

/// A proxy that does not let us is no reason to do anything else differently.
fn put(metric: u32, kind: Kind, value: u64) {
    let _ = match kind {
        Kind::Counter => host::increment_metric(metric, i64::try_from(value).unwrap_or(i64::MAX)),
        Kind::Gauge | Kind::Histogram => host::record_metric(metric, value),
    };
}
