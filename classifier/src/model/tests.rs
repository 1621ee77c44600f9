//! Files that were trained here, and what becomes of broken ones.

use crate::embedding::{self, DIMENSIONS};
use crate::file::{self, Kind};
use crate::train::{Documents, Recipe, Target, train};
use crate::{Calibration, Embedding, Model, Silence, Text, ends};
use proptest::prelude::*;
use std::sync::LazyLock;

const TEXTS: [(&str, u32); 8] = [
    ("what is the boiling point of water", 0),
    ("how do acids react with metals", 0),
    ("which salt dissolves in water", 0),
    ("name the metal that melts at room temperature", 0),
    ("who was the first emperor of rome", 1),
    ("when did the french revolution begin", 1),
    ("which king signed the charter", 1),
    ("name the general who crossed the river", 1),
];

static TABLE: LazyLock<Embedding> = LazyLock::new(|| {
    let row = |at: usize| std::array::from_fn::<i8, DIMENSIONS, _>(|dimension| if dimension == at { 100 } else { 1 });
    let pieces = ["water", "metal", "king", "emperor", "##s"];
    let pieces: Vec<_> = pieces.iter().enumerate().map(|(at, piece)| ((*piece).to_owned(), row(at))).collect();
    Embedding::read(&embedding::written(&pieces)).unwrap()
});

fn read(text: &str) -> Text {
    let (head, tail) = ends(text);
    Text::new(head, tail, Some(&TABLE))
}

/// A model's file, of two or three labels.
fn file(labels: &[&str], calibration: &Calibration) -> Vec<u8> {
    let recipe = Recipe { bits: Some(8), words: true, shape: true, epochs: 20, ..Recipe::default() };
    let mut documents = Documents::new(labels.len(), Some(TABLE.digest()));
    for (text, class) in TEXTS {
        documents.push(&read(text), Target::Class(class), 1.0, &recipe);
    }
    let rows: Vec<u32> = (0..8).collect();
    let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
    train(&documents, &rows, &recipe).file(&labels, calibration, "{}")
}

#[test]
fn a_trained_model_knows_its_examples() {
    for labels in [&["chemistry", "history"][..], &["chemistry", "history", "law"]] {
        let file = file(labels, &Calibration::default());
        let model = Model::read(&file, Some(&TABLE)).unwrap();
        for (text, class) in TEXTS {
            let answer = model.answer(&read(text));
            assert_eq!(answer.class(0), Some(labels[class as usize]), "{text}");
            let sum: u32 = model.scores(&read(text)).iter().sum();
            assert!((999_000..=1_000_000).contains(&sum), "{sum}");
        }
        assert_eq!(file, self::file(labels, &Calibration::default()), "the same training gives the same bytes");
    }
}

#[test]
fn thresholds_make_a_model_silent() {
    let unsure = Calibration { least_score: 1_000_001, ..Calibration::default() };
    let file_of_unsure = file(&["chemistry", "history"], &unsure);
    let model = Model::read(&file_of_unsure, Some(&TABLE)).unwrap();
    let answer = model.answer(&read(TEXTS[0].0));
    assert_eq!((answer.silence, answer.class(0)), (Some(Silence::Unsure), None));
    let scoped = Calibration { out_of_scope: Some(1), ..Calibration::default() };
    let model = Model::read(&file(&["chemistry", "other"], &scoped), Some(&TABLE)).unwrap();
    assert_eq!(model.answer(&read(TEXTS[4].0)).silence, Some(Silence::OutOfScope));
    assert_eq!(model.answer(&read(TEXTS[0].0)).class(500_000), Some("chemistry"));
}

#[test]
fn a_broken_file_is_refused_with_a_sentence() {
    let good = file(&["chemistry", "history"], &Calibration::default());
    let mut changed = good.clone();
    changed[100] ^= 1;
    let other = embedding::written(&[("x".to_owned(), [1; DIMENSIONS])]);
    let other = Embedding::read(&other).unwrap();
    for (file, table, why) in [
        (&good[..5], Some(&*TABLE), "not a model: it begins with other bytes"),
        (&good[..30], Some(&*TABLE), "not a model: it ends too early"),
        (&good[..good.len() - 1], Some(&*TABLE), "not a model: its checksum is wrong, so it is not what was written"),
        (&changed[..], Some(&*TABLE), "not a model: its checksum is wrong, so it is not what was written"),
        (&file::written(Kind::Embedding, &[])[..], Some(&*TABLE), "not a model: it holds something else"),
        (&file::written(Kind::Model, &[])[..], Some(&*TABLE), "labels: the file ends too early"),
    ] {
        assert_eq!(Model::read(file, table).unwrap_err().to_string(), why);
    }
    let without = Model::read(&good, None).unwrap_err().to_string();
    assert!(without.ends_with("and there is none"), "{without}");
    let with_other = Model::read(&good, Some(&other)).unwrap_err().to_string();
    assert!(with_other.starts_with("words: trained with the table"), "{with_other}");
}

static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| file(&["chemistry", "history", "law"], &Calibration::default()));

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Whoever can write a checksum as well still cannot make a reader panic, or a text that it is asked about.
    #[test]
    fn no_file_panics(
        changes in prop::collection::vec((0..30_000_usize, any::<u8>()), 0..8),
        early in prop::option::of(0..30_000_usize),
        start in prop::collection::vec(any::<u8>(), 0..40),
        overwrite in any::<bool>(),
    ) {
        let mut parts = FILE[12..FILE.len() - 32].to_vec();
        for (at, byte) in changes {
            let length = parts.len();
            // Most of a file are weights: half of the changes go where lengths and flags are.
            let at = if byte & 1 == 0 { at % length } else { at % 80 };
            parts[at] = byte;
        }
        if overwrite {
            parts[..start.len()].copy_from_slice(&start);
        }
        parts.truncate(early.unwrap_or(usize::MAX));
        let file = file::written(Kind::Model, &parts);
        if let Ok(model) = Model::read(&file, Some(&TABLE)) {
            let _ = model.answer(&read("which metal did the emperor of rome dissolve in water?"));
        }
        let table = file::written(Kind::Embedding, &parts);
        let _ = Embedding::read(&table);
    }

    #[test]
    fn no_text_panics(text in ".{0,300}", times in 1..200_usize) {
        let model = Model::read(&FILE, Some(&TABLE)).unwrap();
        let text = text.repeat(times);
        let answer = model.answer(&read(&text));
        prop_assert!(answer.score <= 1_000_000);
    }
}
