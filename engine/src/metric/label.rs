//! Labels, as they stand in the names of series.

use std::fmt::Write;

pub(super) fn labelled<const N: usize>(labels: [(&str, Option<&str>); N]) -> String {
    let mut text = String::new();
    labels.into_iter().for_each(|(name, value)| write(&mut text, name, value));
    text
}

/// Appends a label. One without a value is left out, as Prometheus takes one that is empty.
pub(super) fn write(labels: &mut String, name: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    if labels.is_empty() {
        labels.push('.');
    }
    labels.push_str(name);
    labels.push_str("=.=");
    for character in value.chars() {
        match character {
            // What ends a value, and what says so.
            ';' | '%' => _ = write!(labels, "%{:02X}", u32::from(character)),
            _ => labels.push(character),
        }
    }
    labels.push_str(";.;");
}
