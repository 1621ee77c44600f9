//! What is read of answers, and what is counted.

use pointsman_document::{Named, Whole, names, object};

object! {
    /// What is read of answers: tokens, their cost, how they end.
    pub(crate) struct UsageSpec {
        /// What becomes of the client's `accept-encoding`. `identity`: providers are asked for answers that can be read.
        /// `client`: it goes on as it is, and what comes back compressed counts as unknown.
        "acceptEncoding" => accept_encoding: AcceptEncoding = "identity",
        /// Whether providers of streamed completions are asked for the tokens (`stream_options.include_usage`) where the client
        /// does not ask. What comes for that alone is taken out of the stream again.
        "askForIt" => ask_for_it: bool = false,
    }
}

names! {
    /// What becomes of the client's `accept-encoding`.
    pub(crate) enum AcceptEncoding {
        /// Providers are asked for answers that can be read.
        Identity => "identity",
        /// It goes on as it is.
        Client => "client",
    }
}

names! {
    /// What answers call the model.
    pub(crate) enum AnswerModel {
        /// What its provider calls it.
        Provider => "provider",
        /// What the client has asked for.
        Asked => "asked",
    }
}

object! {
    /// What the proxy counts of requests and answers, for whoever collects its statistics.
    pub(crate) struct MetricsSpec {
        /// Labels that are left out: each multiplies how many series there are.
        "without" => without: Vec<Label>,
        /// The most series that a worker of the proxy makes. What would need another is not counted, and that is:
        /// `pointsman_series_missing_total`.
        "maxSeries" => max_series: Whole<100, 1_000_000> = 10_000u32,
    }
}

names! {
    /// What series are told apart by. The values are names of the policy, and never what a client sends.
    pub enum Label {
        /// Who is calling.
        Tenant => "tenant",
        /// The rule that decided.
        Rule => "rule",
        /// What the rule calls the choice.
        Variant => "variant",
        /// The model or alias asked for.
        Asked => "asked",
        /// The model that served.
        Model => "model",
        /// The cluster that serves it.
        Cluster => "cluster",
    }
}

/// What series a policy has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    /// By what they are told apart, a bit for each.
    labels: u8,
    /// The most of them.
    pub(crate) most: u64,
}

impl Labels {
    pub(crate) fn has(self, label: Label) -> bool {
        self.labels & bit(label) != 0
    }

    /// Which they are: a bit for each.
    pub(crate) fn bits(self) -> u8 {
        self.labels
    }
}

impl MetricsSpec {
    pub(super) fn compile(&self) -> Labels {
        let all = Label::CHOICES.iter().fold(0, |labels, (_, label)| labels | bit(*label));
        let labels = self.without.iter().fold(all, |labels, label| labels & !bit(*label));
        Labels { labels, most: self.max_series.0 }
    }
}

fn bit(label: Label) -> u8 {
    1 << label as u8
}

/// What a policy wants to know of its requests' ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Observation {
    /// How answers are read, if they are.
    pub(crate) usage: Option<AcceptEncoding>,
    /// Whether providers are asked for what streams take.
    pub(crate) asks: bool,
    /// What is counted, if anything is.
    pub(crate) metrics: Option<Labels>,
}

impl Observation {
    pub(super) fn of(usage: Option<&UsageSpec>, metrics: Option<&MetricsSpec>) -> Self {
        let asks = usage.is_some_and(|spec| spec.ask_for_it);
        Self { usage: usage.map(|spec| spec.accept_encoding), asks, metrics: metrics.map(MetricsSpec::compile) }
    }
}
