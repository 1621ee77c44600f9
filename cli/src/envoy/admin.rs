//! Asks Envoy's admin interface, each question over a connection of its own.

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper_util::rt::TokioIo;
use std::io::{Error, ErrorKind};
use std::time::Duration;
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(5);

/// A dump of thousands of clusters takes Envoy a while.
const DUMP_PATIENCE: Duration = Duration::from_secs(60);

/// No dump is that large; something else is talking.
const MOST_BYTES: usize = 1 << 30;

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Asks, and takes all that comes.
pub(crate) async fn ask(address: &str, path: &str) -> std::io::Result<Answer> {
    ask_within(DUMP_PATIENCE, address, path).await
}

async fn ask_within(patience: Duration, address: &str, path: &str) -> std::io::Result<Answer> {
    let slow = || Error::new(ErrorKind::TimedOut, format!("no answer within {} s", patience.as_secs()));
    tokio::time::timeout(patience, talk(address, path)).await.unwrap_or_else(|_| Err(slow()))
}

async fn talk(address: &str, path: &str) -> std::io::Result<Answer> {
    let request = hyper::Request::get(path).header(HOST, address).header(CONNECTION, "close");
    let request = request.body(Empty::<Bytes>::new()).map_err(|err| Error::new(ErrorKind::InvalidInput, err))?;
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(|_| odd())?;
    // Moves the bytes of what follows, and ends with it.
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await.map_err(|_| odd())?.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|_| odd())?;
    Ok(Answer { status: head.status.as_u16(), body: body.to_bytes().to_vec() })
}

fn odd() -> Error {
    Error::new(ErrorKind::InvalidData, "the answer is no HTTP, or is cut off")
}

/// Whether Envoy serves its listeners.
pub(crate) async fn is_ready(address: &str) -> bool {
    ask_within(PATIENCE, address, "/ready").await.is_ok_and(|answer| answer.status == 200)
}

/// How many filter configurations Envoy has taken and how many it has refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Discovery {
    pub(crate) taken: u64,
    pub(crate) refused: u64,
}

pub(crate) async fn discovery(address: &str) -> Option<Discovery> {
    let answer = ask_within(PATIENCE, address, "/stats?filter=extension_config_discovery").await.ok()?;
    let text = String::from_utf8_lossy(&answer.body);
    let sum = |name: &str| text.lines().filter_map(|line| line.split_once(name)?.1.trim().parse::<u64>().ok()).sum();
    Some(Discovery { taken: sum(".config_reload: "), refused: sum(".config_fail: ") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    /// Asks a server that says `answer` and hangs up.
    fn check(answer: &str, expected: Option<(u16, &str)>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let said = answer.to_owned();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.extend(byte);
            }
            stream.write_all(said.as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        });
        let read = runtime.block_on(ask(&address, "/stats?filter=^(a.b|c)"));
        let asked = server.join().unwrap();
        assert!(asked.starts_with("GET /stats?filter=^(a.b|c) HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("host: {address}\r\n")) && asked.contains("connection: close\r\n"), "{asked}");
        let read = read.as_ref().map(|answer| (answer.status, std::str::from_utf8(&answer.body).unwrap()));
        assert_eq!(read.ok(), expected, "{answer:?}");
    }

    #[test]
    fn answers_come_in_chunks_with_a_length_or_until_the_end() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(&format!("{chunked}3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"), Some((200, "abc0123456789")));
        check("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno", Some((403, "no")));
        check("HTTP/1.0 200 OK\r\n\r\nall of it", Some((200, "all of it")));
        check("HTTP/1.1 204 No Content\r\n\r\n", Some((204, "")));
    }

    #[test]
    fn half_an_answer_is_none() {
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        check(chunked, None);
        check(&format!("{chunked}5\r\nabc"), None);
        check(&format!("{chunked}3\r\nabc\r\n"), None);
        check(&format!("{chunked}ffffffffffffffff\r\nabc\r\n"), None);
        check("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nno", None);
        check("HTTP/1.1 200 OK\r\ncontent-le", None);
        check("SSH-2.0-OpenSSH\r\n\r\n", None);
    }
}
