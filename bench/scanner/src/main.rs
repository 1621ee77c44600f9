//! Times the scanners natively, in interleaved blocks.
//!
//!     scanner rounds <rounds> <milliseconds> <folder>     one JSON line: {"<scanner>": {"<body>": [ns per scan, …]}}
//!     scanner once <scanner> <body> <times> <folder>      for a profiler or callgrind
//!
//! The folder holds `policy.json`, `facts.json` and the bodies, `*.body`.

use scanner::Scanner;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const NAMES: [&str; 4] = ["pointsman", "pointsman-facts", "serde_json", "memchr"];

fn open(name: &str, folder: &Path) -> Outcome<Scanner> {
    let policy = if name == "pointsman-facts" { "facts.json" } else { "policy.json" };
    Ok(Scanner::named(name, &std::fs::read(folder.join(policy))?)?)
}

/// Nanoseconds per scan, over at least `time`.
fn block(scanner: &Scanner, body: &[u8], time: Duration) -> Outcome<f64> {
    let began = Instant::now();
    let mut scans = 0_u32;
    loop {
        for _ in 0..8 {
            black_box(scanner.scan(black_box(body))?);
        }
        scans += 8;
        let spent = began.elapsed();
        if spent >= time {
            return Ok(spent.as_nanos() as f64 / f64::from(scans));
        }
    }
}

fn rounds(rounds: usize, time: Duration, folder: &Path) -> Outcome<()> {
    let mut bodies = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "body") {
            let label = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            bodies.insert(label, std::fs::read(path)?);
        }
    }
    let scanners = NAMES.iter().map(|name| Ok((*name, open(name, folder)?))).collect::<Outcome<Vec<_>>>()?;
    let mut times: BTreeMap<&str, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for _ in 0..rounds {
        for (label, body) in &bodies {
            for (name, scanner) in &scanners {
                let seen = times.entry(name).or_default().entry(label).or_default();
                seen.push(block(scanner, body, time)?);
            }
        }
    }
    println!("{}", serde_json::to_string(&times)?);
    Ok(())
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["rounds", count, milliseconds, folder] => {
            rounds(count.parse()?, Duration::from_millis(milliseconds.parse()?), Path::new(folder))
        }
        ["once", name, body, times, folder] => {
            let folder = Path::new(folder);
            let (scanner, body) = (open(name, folder)?, std::fs::read(folder.join(format!("{body}.body")))?);
            for _ in 0..times.parse::<u32>()? {
                black_box(scanner.scan(black_box(&body))?);
            }
            Ok(())
        }
        _ => Err(
            "usage: scanner rounds <rounds> <milliseconds> <folder> | scanner once <scanner> <body> <times> <folder>"
                .into(),
        ),
    }
}
