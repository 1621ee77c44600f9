//! Closed-loop load generator. One command per input line, one JSON line per answer:
//!
//!     run <port> <connections> <requests> <file with one raw HTTP request>
//!
//! Connections stay open from one command to the next, so that a measured block holds requests and nothing else.

use load::{Inbox, framing};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::rc::Rc;
use std::time::Instant;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

type Connection = (TcpStream, Inbox);

/// What the connections of one block share.
struct Block {
    port: u16,
    request: Vec<u8>,
    left: Cell<usize>,
    errors: Cell<usize>,
    latencies: RefCell<Vec<u64>>,
    done: RefCell<Vec<Connection>>,
}

async fn connect(port: u16) -> io::Result<Connection> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    Ok((stream, Inbox::new(16 * 1024)))
}

/// Sends one request and reads its reply; anything but 200 is an error.
async fn exchange((stream, inbox): &mut Connection, request: &[u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    let head = inbox.head(stream).await?;
    inbox.body(stream, framing(&head), None).await?;
    if head.get(9..12) == Some(b"200") { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

async fn drive(block: Rc<Block>, mut connection: Connection) -> io::Result<()> {
    while block.left.get() > 0 {
        block.left.set(block.left.get() - 1);
        let began = Instant::now();
        if exchange(&mut connection, &block.request).await.is_err() {
            block.errors.set(block.errors.get() + 1);
            connection = connect(block.port).await?;
        }
        block.latencies.borrow_mut().push(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    block.done.borrow_mut().push(connection);
    Ok(())
}

async fn run(
    pool: &mut HashMap<u16, Vec<Connection>>,
    port: u16,
    connections: usize,
    requests: usize,
    file: &str,
) -> io::Result<String> {
    let idle = pool.entry(port).or_default();
    while idle.len() < connections {
        idle.push(connect(port).await?);
    }
    let block = Rc::new(Block {
        port,
        request: std::fs::read(file)?,
        left: Cell::new(requests),
        errors: Cell::new(0),
        latencies: RefCell::new(Vec::with_capacity(requests)),
        done: RefCell::new(Vec::new()),
    });
    let began = Instant::now();
    let tasks: Vec<_> =
        idle.drain(..).map(|connection| tokio::task::spawn_local(drive(Rc::clone(&block), connection))).collect();
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }
    let seconds = began.elapsed().as_secs_f64();
    idle.append(&mut block.done.borrow_mut());
    let mut latencies = block.latencies.take();
    latencies.sort_unstable();
    let at = |share: f64| {
        latencies.get(((latencies.len() as f64 - 1.0) * share) as usize).copied().unwrap_or(0) as f64 / 1000.0
    };
    Ok(format!(
        r#"{{"requests":{},"errors":{},"seconds":{seconds:.6},"p50_us":{:.1},"p99_us":{:.1},"max_us":{:.1}}}"#,
        latencies.len(),
        block.errors.get(),
        at(0.5),
        at(0.99),
        at(1.0),
    ))
}

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut pool = HashMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match words.as_slice() {
            ["run", port, connections, requests, file] => match (port.parse(), connections.parse(), requests.parse()) {
                (Ok(port), Ok(connections), Ok(requests)) => {
                    LocalSet::new().block_on(&runtime, run(&mut pool, port, connections, requests, file))
                }
                _ => Err(io::ErrorKind::InvalidInput.into()),
            },
            _ => Err(io::ErrorKind::InvalidInput.into()),
        };
        match answer {
            Ok(json) => println!("{json}"),
            Err(error) => println!(r#"{{"failed":"{error}"}}"#),
        }
        io::stdout().flush()?;
    }
    Ok(())
}
