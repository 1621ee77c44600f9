//! Answers as they were recorded, as anybody may write them, and as nobody should.

mod generated;
mod hostile;
mod pace;
mod recorded;

use super::{Reading, Unread, Usage, UsageReader};
use crate::api::Api;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const LINES: &str = "application/x-ndjson";

fn read_pieces(api: Api, content_type: &str, pieces: &[&[u8]], complete: bool) -> (Reading, bool) {
    let mut reader = UsageReader::of(api, content_type.as_bytes(), b"").expect("an API that is read");
    pieces.iter().for_each(|piece| reader.push(piece));
    let has_first_token = reader.has_first_token();
    (reader.finish(complete), has_first_token)
}

fn read(api: Api, content_type: &str, answer: &str) -> Reading {
    read_pieces(api, content_type, &[answer.as_bytes()], true).0
}

fn cut(api: Api, content_type: &str, answer: &str) -> Reading {
    read_pieces(api, content_type, &[answer.as_bytes()], false).0
}

/// Input and output, and nothing else.
fn tokens(input: u64, output: u64) -> Result<Usage, Unread> {
    Ok(Usage { input, output, ..Usage::default() })
}
