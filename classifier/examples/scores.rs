//! Says what models make of texts, as a digest of all logits, and how long that takes: `scores TABLE MODEL…`, with a text in
//! each line of the standard input.
//!
//! Built for `wasm32-wasip1` and run by any WASI runtime, it prints the same digests as natively.

use pointsman_classifier::{Embedding, Model, Text, ends};
use std::hint::black_box;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut files = std::env::args().skip(1);
    let table = Embedding::read(&std::fs::read(files.next().ok_or("usage: scores TABLE MODEL… < LINES")?)?)?;
    let lines = std::io::read_to_string(std::io::stdin())?;
    for file in files {
        let began = Instant::now();
        let model = Model::read(&std::fs::read(&file)?, Some(&table))?;
        let load = began.elapsed();
        let (mut digest, mut count) = (0xCBF2_9CE4_8422_2325_u64, 0);
        for line in lines.lines() {
            count += 1;
            for logit in model.logits(&read(line, &table)) {
                digest = (digest ^ logit.cast_unsigned()).wrapping_mul(0x0100_0000_01B3);
            }
        }
        println!("{file}: {count} texts, logits {digest:016x}, loaded in {:.1} ms", load.as_secs_f64() * 1e3);
        for length in [100, 1000, 8192] {
            let text: String = lines.chars().filter(char::is_ascii).cycle().take(length).collect();
            println!("  {length} characters: {:.1} us", time(&model, &text, &table));
        }
    }
    Ok(())
}

fn read(text: &str, table: &Embedding) -> Text {
    let (head, tail) = ends(text);
    Text::new(head, tail, Some(table))
}

/// Microseconds for a text to be read and asked about; the shortest of several rounds, which others disturbed least.
fn time(model: &Model, text: &str, table: &Embedding) -> f64 {
    let round = || {
        let (began, mut asked) = (Instant::now(), 0_u32);
        while began.elapsed() < Duration::from_millis(20) {
            for _ in 0..16 {
                black_box(model.answer(&read(black_box(text), table)));
            }
            asked += 16;
        }
        began.elapsed().as_secs_f64() * 1e6 / f64::from(asked)
    };
    (0..25).map(|_| round()).fold(f64::INFINITY, f64::min)
}
