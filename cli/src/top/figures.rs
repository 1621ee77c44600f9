//! What is known of a part of the traffic, as sums.

use super::buckets::Buckets;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What rows are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum By {
    /// Who is calling
    Tenant,
    /// The model that served, or was chosen
    Model,
    /// The rule that decided
    Rule,
    /// The cluster that served
    Cluster,
}

impl By {
    pub(super) const ALL: [Self; 4] = [Self::Tenant, Self::Model, Self::Rule, Self::Cluster];

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Tenant => Self::Model,
            Self::Model => Self::Rule,
            Self::Rule => Self::Cluster,
            Self::Cluster => Self::Tenant,
        }
    }

    /// As the label of that name is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Model => "model",
            Self::Rule => "rule",
            Self::Cluster => "cluster",
        }
    }
}

/// Sums. They are whole numbers, but an exposition knows only the other kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figures {
    pub(super) requests: f64,
    /// A model answered.
    pub(super) served: f64,
    /// The provider failed, or none could be reached.
    pub(super) errors: f64,
    /// The provider refused the request.
    pub(super) client_errors: f64,
    /// The policy refused it.
    pub(super) refused: f64,
    /// The answer ended early.
    pub(super) abandoned: f64,
    pub(super) attempts: f64,
    /// Requests that were sent, which is what attempts are of.
    pub(super) sent: f64,
    pub(super) input: f64,
    pub(super) output: f64,
    /// Of the input.
    pub(super) cached: f64,
    /// Of the output.
    pub(super) reasoning: f64,
    pub(super) cost_micros: f64,
    /// Answers whose usage is unknown.
    pub(super) unknown: f64,
    /// In milliseconds.
    pub(super) first_token: Buckets,
}

impl Figures {
    pub(super) fn merge(&mut self, other: &Self) {
        let pairs = [
            (&mut self.requests, other.requests),
            (&mut self.served, other.served),
            (&mut self.errors, other.errors),
            (&mut self.client_errors, other.client_errors),
            (&mut self.refused, other.refused),
            (&mut self.abandoned, other.abandoned),
            (&mut self.attempts, other.attempts),
            (&mut self.sent, other.sent),
            (&mut self.input, other.input),
            (&mut self.output, other.output),
            (&mut self.cached, other.cached),
            (&mut self.reasoning, other.reasoning),
            (&mut self.cost_micros, other.cost_micros),
            (&mut self.unknown, other.unknown),
        ];
        pairs.into_iter().for_each(|(sum, more)| *sum += more);
        self.first_token.merge(&other.first_token);
    }
}

/// The same traffic as a whole and in each way in which it can be cut up.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Groups {
    pub(super) all: Figures,
    /// By the way and the name there, which is empty for what has none: nobody known called, no rule decided.
    parts: BTreeMap<By, BTreeMap<Box<str>, Figures>>,
}

impl Groups {
    /// Adds to the whole, and to the part that `name` says for each way; where it says nothing, the way does not know this.
    pub(super) fn add<'n>(&mut self, name: impl Fn(By) -> Option<Cow<'n, str>>, add: impl Fn(&mut Figures)) {
        add(&mut self.all);
        for by in By::ALL {
            if let Some(name) = name(by) {
                add(self.part(by, &name));
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        for (by, parts) in &other.parts {
            for (name, figures) in parts {
                self.part(*by, name).merge(figures);
            }
        }
    }

    pub(super) fn parts(&self, by: By) -> impl Iterator<Item = (&str, &Figures)> {
        self.parts.get(&by).into_iter().flatten().map(|(name, figures)| (&**name, figures))
    }

    pub(super) fn get(&self, by: By, name: &str) -> Option<&Figures> {
        self.parts.get(&by)?.get(name)
    }

    fn part(&mut self, by: By, name: &str) -> &mut Figures {
        let parts = self.parts.entry(by).or_default();
        // Most are there, and need no name of their own.
        if !parts.contains_key(name) {
            parts.insert(name.into(), Figures::default());
        }
        parts.entry(name.into()).or_default()
    }
}
