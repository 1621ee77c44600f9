//! A model's file, out of what was learned.

use super::Trained;
use crate::file::{self, Kind};
use crate::hashed::GROUP;
use crate::model::Calibration;

impl Trained {
    /// The model's file.
    pub fn file(&self, labels: &[String], calibration: &Calibration, card: &str) -> Vec<u8> {
        let mut parts = Vec::new();
        parts.extend((labels.len() as u16).to_le_bytes());
        labels.iter().for_each(|label| text(&mut parts, label));
        for column in &self.columns {
            [column.bias, column.hashed, column.dense].iter().for_each(|value| parts.extend(value.to_le_bytes()));
        }
        let flags = [self.bits.is_some(), self.embedding.is_some(), !self.shapes.is_empty()];
        parts.extend(flags.map(u8::from));
        if let Some(bits) = self.bits {
            parts.extend([bits, self.kinds.bits()]);
            self.write_hashed(&mut parts);
        }
        if let Some(embedding) = self.embedding {
            parts.extend(embedding.0);
            self.dense.iter().flatten().for_each(|weight| parts.extend(weight.to_le_bytes()));
        }
        self.shapes.iter().flatten().for_each(|weight| parts.extend(weight.to_le_bytes()));
        parts.extend(calibration.steepness.to_le_bytes());
        parts.extend(calibration.least_score.to_le_bytes());
        parts.extend(calibration.out_of_scope.unwrap_or(u16::MAX).to_le_bytes());
        text(&mut parts, card);
        file::written(Kind::Model, &parts)
    }

    fn write_hashed(&self, parts: &mut Vec<u8>) {
        let in_group = self.width.min(GROUP);
        for group in 0..self.width.div_ceil(GROUP) {
            for row in self.hashed.chunks(self.width) {
                let weights = row.iter().skip(group * GROUP).take(in_group);
                parts.extend(weights.map(|weight| weight.cast_unsigned()));
            }
        }
    }
}

fn text(parts: &mut Vec<u8>, text: &str) {
    parts.extend((text.len() as u32).to_le_bytes());
    parts.extend(text.as_bytes());
}
