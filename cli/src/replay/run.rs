//! Traffic through all cores: one thread reads blocks of lines, the others decide.

use super::judge::Judge;
use super::progress::Progress;
use super::tally::{Place, Tally};
use super::traffic::{self, Traffic};
use crate::request_file;
use pointsman_source::reason;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// What is read at once. Two for each thread are in memory, whatever there is of traffic.
const BLOCK: usize = 1 << 20;

/// A line longer than this is none of a log's, and not kept in memory to find out.
const LONGEST_LINE: usize = 4 << 20;

/// The path of a bare body.
const DEFAULT_PATH: &str = "/v1/chat/completions";

/// Whole lines of a file.
struct Block {
    file: usize,
    /// The number of the first.
    line: u64,
    bytes: Vec<u8>,
}

/// Decides all traffic.
pub(crate) fn run(judge: &Judge, traffic: &Traffic) -> Result<Tally, String> {
    let mut tally = records(judge, traffic)?;
    for (nth, file) in traffic.requests.iter().enumerate() {
        let exchange = request_file::read(file, DEFAULT_PATH)?;
        let place = Place { file: traffic.records.len() + nth, line: 1, id: None };
        judge.request(&exchange, place, &mut tally);
    }
    Ok(tally)
}

fn records(judge: &Judge, traffic: &Traffic) -> Result<Tally, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (sender, receiver) = sync_channel(threads);
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(judge, &receiver))).collect();
        let read = read_all(traffic, &sender);
        drop(sender);
        let mut all = Tally::default();
        for worker in workers {
            // A worker that has panicked has said so itself.
            all.add(worker.join().map_err(|_| "a thread ended early".to_owned())?);
        }
        read.map(|()| all)
    })
}

fn work(judge: &Judge, blocks: &Mutex<Receiver<Block>>) -> Tally {
    let mut tally = Tally::default();
    loop {
        let block = match blocks.lock() {
            Ok(blocks) => blocks.recv(),
            Err(_) => return tally,
        };
        let Ok(Block { file, line, bytes }) = block else { return tally };
        for (line, text) in (line..).zip(bytes.split(|byte| *byte == b'\n')) {
            let text = text.trim_ascii();
            if text.is_empty() {
                continue;
            }
            match traffic::record(text) {
                Some((record, id)) => judge.record(&record, Place { file, line, id }, &mut tally),
                None => tally.unreadable(Place { file, line, id: None }),
            }
        }
    }
}

fn read_all(traffic: &Traffic, blocks: &SyncSender<Block>) -> Result<(), String> {
    let mut progress = Progress::new(traffic.size());
    for (nth, file) in traffic.records.iter().enumerate() {
        read_one(nth, file, blocks, &mut progress).map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))?;
    }
    progress.end();
    Ok(())
}

fn read_one(nth: usize, path: &Path, blocks: &SyncSender<Block>, progress: &mut Progress) -> std::io::Result<()> {
    let mut input: Box<dyn Read> =
        if path == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(File::open(path)?) };
    let (mut rest, mut line): (Vec<u8>, u64) = (Vec::new(), 1);
    loop {
        let mut bytes = std::mem::take(&mut rest);
        let before = bytes.len();
        let read = input.by_ref().take(BLOCK as u64).read_to_end(&mut bytes)?;
        if read > 0 {
            // Only what is new can end a line.
            let fresh = bytes.get(before..).unwrap_or_default();
            match fresh.iter().rposition(|byte| *byte == b'\n') {
                Some(end) => rest = bytes.split_off(before + end + 1),
                None if bytes.len() > LONGEST_LINE => {
                    return Err(std::io::Error::other(format!("line {line} is longer than {LONGEST_LINE} bytes")));
                }
                None => {
                    rest = bytes;
                    continue;
                }
            }
        }
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let is_end = read == 0;
        // Nobody listens once every worker is gone, which they say themselves.
        if blocks.send(Block { file: nth, line, bytes }).is_err() || is_end {
            return Ok(());
        }
        line += lines;
        progress.step(read as u64, lines);
    }
}
