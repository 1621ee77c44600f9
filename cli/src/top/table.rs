//! Figures as rows: which there are, in what order, and what stands in their cells.

use super::figures::{By, Figures, Groups};
use super::number;
use super::window::Recent;
use pointsman_document::Visible;

/// What stands in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Column {
    /// The name
    Name,
    /// Requests a second
    Rate,
    /// Requests since Envoy started
    Requests,
    /// Tokens of input a second
    InputRate,
    /// Tokens of output a second
    OutputRate,
    /// Tokens of input
    Input,
    /// Tokens of output
    Output,
    /// What they cost, in the policy's currency
    Cost,
    /// Requests that failed
    Errors,
    /// Requests that the policy refused
    Refused,
    /// Half of the first tokens took no longer
    P50,
    /// 95 of 100 first tokens took no longer
    P95,
}

impl Column {
    pub(super) const ALL: [Self; 12] = [
        Self::Name,
        Self::Rate,
        Self::Requests,
        Self::InputRate,
        Self::OutputRate,
        Self::Input,
        Self::Output,
        Self::Cost,
        Self::Errors,
        Self::Refused,
        Self::P50,
        Self::P95,
    ];

    pub(super) fn title(self, by: By) -> &'static str {
        match self {
            Self::Name => by.name(),
            Self::Rate => "req/s",
            Self::Requests => "requests",
            Self::InputRate => "in/s",
            Self::OutputRate => "out/s",
            Self::Input => "input",
            Self::Output => "output",
            Self::Cost => "cost",
            Self::Errors => "errors",
            Self::Refused => "refused",
            Self::P50 => "first p50",
            Self::P95 => "first p95",
        }
    }

    /// The column that many places further, around the end.
    pub(super) fn further(self, places: isize) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self).unwrap_or_default();
        let count = Self::ALL.len().cast_signed();
        let next = (at.cast_signed() + places).rem_euclid(count).cast_unsigned();
        Self::ALL.get(next).copied().unwrap_or(self)
    }
}

/// A part of the traffic, or all of it: since Envoy started, and of late.
#[derive(Debug)]
pub(super) struct Row<'f> {
    /// Empty for what has no such name.
    pub(super) name: &'f str,
    pub(super) total: &'f Figures,
    /// What has happened of late and in how many seconds, once there were two looks.
    pub(super) recent: Option<(Option<&'f Figures>, f64)>,
}

impl<'f> Row<'f> {
    pub(super) fn all(total: &'f Groups, recent: Option<&'f Recent>) -> Self {
        let recent = recent.map(|recent| (Some(&recent.groups.all), recent.seconds));
        Self { name: "", total: &total.all, recent }
    }

    /// So much a second, of late. Nothing after a single look.
    pub(super) fn rate(&self, of: impl Fn(&Figures) -> f64) -> Option<f64> {
        let (figures, seconds) = self.recent?;
        Some(figures.map_or(0.0, of) / seconds)
    }

    /// A quantile of the time to the first token: of late, or since Envoy started where there was none of late.
    pub(super) fn first_token(&self, share: f64) -> Option<f64> {
        let recent = self.recent.and_then(|(figures, _)| figures?.first_token.quantile(share));
        recent.or_else(|| self.total.first_token.quantile(share))
    }

    fn value(&self, column: Column) -> Option<f64> {
        match column {
            Column::Name => None,
            Column::Rate => self.rate(|figures| figures.requests),
            Column::Requests => Some(self.total.requests),
            Column::InputRate => self.rate(|figures| figures.input),
            Column::OutputRate => self.rate(|figures| figures.output),
            Column::Input => Some(self.total.input),
            Column::Output => Some(self.total.output),
            Column::Cost => Some(self.total.cost_micros),
            Column::Errors => Some(self.total.errors),
            Column::Refused => Some(self.total.refused),
            Column::P50 => self.first_token(0.5),
            Column::P95 => self.first_token(0.95),
        }
    }

    fn cell(&self, column: Column) -> String {
        let value = self.value(column);
        match column {
            Column::Name if self.name.is_empty() => "(none)".into(),
            Column::Name => name(self.name),
            Column::Rate | Column::InputRate | Column::OutputRate => value.map(number::rate).unwrap_or_default(),
            Column::Cost => value.map(number::money).unwrap_or_default(),
            Column::P50 | Column::P95 => value.map(number::time).unwrap_or_default(),
            Column::Requests | Column::Input | Column::Output | Column::Errors | Column::Refused => {
                value.map(number::count).unwrap_or_default()
            }
        }
    }

    pub(super) fn cells(&self) -> [String; Column::ALL.len()] {
        Column::ALL.map(|column| match self.cell(column) {
            empty if empty.is_empty() => "-".into(),
            cell => cell,
        })
    }

    /// Whether requests have failed of late.
    pub(super) fn fails(&self) -> bool {
        self.rate(|figures| figures.errors).is_some_and(|rate| rate > 0.0)
    }
}

/// A name may be anything: it moves no cursor, and leaves room for numbers.
fn name(written: &str) -> String {
    const LONGEST: usize = 40;
    let name = Visible(written).to_string();
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}\u{2026}", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

/// The rows of a way to cut the traffic up: the largest first, or by name.
pub(super) fn rows<'f>(total: &'f Groups, recent: Option<&'f Recent>, by: By, sort: Column) -> Vec<Row<'f>> {
    let mut rows: Vec<_> = total
        .parts(by)
        .map(|(name, total)| {
            let recent = recent.map(|recent| (recent.groups.get(by, name), recent.seconds));
            Row { name, total, recent }
        })
        .collect();
    // They come by name, which stays their order where they are the same otherwise. No value is smaller than any.
    let key = |row: &Row<'_>| row.value(sort).unwrap_or(-1.0);
    rows.sort_by(|left, right| key(right).total_cmp(&key(left)));
    rows
}
