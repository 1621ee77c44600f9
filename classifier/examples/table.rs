//! Writes a table of words: `table LINES FILE`, where each line is a piece, a tab and its 64 numbers.

use pointsman_classifier::train::embedding_file;
use pointsman_classifier::{DIMENSIONS, Embedding};

type Row = (String, [i8; DIMENSIONS]);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(lines), Some(file)) = (words.next(), words.next()) else {
        return Err("usage: table LINES FILE".into());
    };
    let rows = std::fs::read_to_string(lines)?.lines().map(row).collect::<Result<Vec<Row>, _>>()?;
    let bytes = embedding_file(&rows);
    let digest = Embedding::read(&bytes)?.digest();
    std::fs::write(&file, &bytes)?;
    println!("{file}: {} pieces, sha256 {digest}", rows.len());
    Ok(())
}

fn row(line: &str) -> Result<Row, Box<dyn std::error::Error>> {
    let (piece, numbers) = line.split_once('\t').ok_or("a line has no tab")?;
    let numbers = numbers.split(' ').map(str::parse).collect::<Result<Vec<i8>, _>>()?;
    let numbers = numbers.try_into().map_err(|_| format!("`{piece}`: not {DIMENSIONS} numbers"))?;
    Ok((piece.to_owned(), numbers))
}
