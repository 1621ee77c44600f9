//! A provider that reads every request to its end and answers a small fixed JSON.
//!
//! Prints its port. A request with the header `x-bench-echo` gets its own head and body back, which is how the driver
//! checks that a contender really did what it is measured for. One with `x-bench-stream: N` gets N events, each on its own.

use load::{Framing, Inbox, framing, header};
use std::io::Write;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const REPLY: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Noted."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;

const DELTA: &str = concat!(
    r#"data: {"id":"chatcmpl-BKLmNpQrStUvWxYz","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-11-20","#,
    r#""service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"content":" noted"},"#,
    r#""logprobs":null,"finish_reason":null}],"usage":null}"#,
    "\n\n"
);

const LAST: &str = concat!(
    r#"data: {"id":"chatcmpl-BKLmNpQrStUvWxYz","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-11-20","#,
    r#""choices":[],"usage":{"prompt_tokens":9,"completion_tokens":49,"total_tokens":58}}"#,
    "\n\ndata: [DONE]\n\n"
);

async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut inbox = Inbox::new(256 * 1024);
    let fixed = reply(REPLY.as_bytes());
    loop {
        let head = inbox.head(&mut stream).await?;
        if header(&head, "x-bench-echo").is_none() {
            inbox.body(&mut stream, framing(&head), None).await?;
            match header(&head, "x-bench-stream").and_then(|events| events.parse().ok()) {
                Some(events) => tell(&mut stream, events).await?,
                None => stream.write_all(&fixed).await?,
            }
        } else {
            let mut echo = head.clone();
            if framing(&head) != Framing::Length(0) {
                inbox.body(&mut stream, framing(&head), Some(&mut echo)).await?;
            }
            stream.write_all(&reply(&echo)).await?;
        }
    }
}

/// Streams as OpenAI does where `stream_options.include_usage` is set.
async fn tell(stream: &mut TcpStream, events: usize) -> std::io::Result<()> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    for _ in 1..events {
        chunk(stream, DELTA).await?;
        // What is written at once is read at once.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    chunk(stream, LAST).await?;
    stream.write_all(b"0\r\n\r\n").await
}

async fn chunk(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await
}

fn reply(body: &[u8]) -> Vec<u8> {
    let mut reply =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len())
            .into_bytes();
    reply.extend_from_slice(body);
    reply
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        std::io::stdout().flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            // A client that goes away ends its own task and nothing else.
            tokio::spawn(async move { drop(serve(stream).await) });
        }
    })
}
