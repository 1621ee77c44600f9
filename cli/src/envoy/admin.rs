//! Asks Envoy's admin interface: plain HTTP/1.1 over one short connection, no client library needed.

use std::io::{Error, ErrorKind};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(5);

/// A dump of thousands of clusters takes Envoy a while.
const DUMP_PATIENCE: Duration = Duration::from_secs(60);

/// No dump is that large; something else is talking.
const MOST_BYTES: u64 = 1 << 30;

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
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MOST_BYTES).read_to_end(&mut answer).await?;
        parse(&answer).ok_or_else(|| Error::new(ErrorKind::InvalidData, "the answer is no HTTP, or is cut off"))
    };
    let slow = || Error::new(ErrorKind::TimedOut, format!("no answer within {} s", patience.as_secs()));
    tokio::time::timeout(patience, talk).await.unwrap_or_else(|_| Err(slow()))
}

/// A response that ends with its connection.
fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = answer.split_at_checked(end)?;
    let body = rest.get(4..)?;
    let head = std::str::from_utf8(head).ok()?;
    let (first, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let field = |wanted: &str| {
        let mut pairs = fields.lines().filter_map(|line| line.split_once(':'));
        pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let body = if field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        chunks(body)?
    } else {
        let length = field("content-length").map(str::parse);
        body.get(..length.transpose().ok()?.unwrap_or(body.len()))?.to_vec()
    };
    Some(Answer { status, body })
}

/// A chunked body, put together.
fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(rest.len());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let from = end.checked_add(2)?;
        let to = from.checked_add(size)?;
        body.extend_from_slice(rest.get(from..to)?);
        rest = rest.get(to..)?.strip_prefix(b"\r\n")?;
    }
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

    fn check(answer: &str, expected: Option<(u16, &str)>) {
        let read = parse(answer.as_bytes());
        let read = read.as_ref().map(|answer| (answer.status, std::str::from_utf8(&answer.body).unwrap()));
        assert_eq!(read, expected, "{answer:?}");
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
