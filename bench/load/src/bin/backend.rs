//! A provider that reads every request to its end and answers a small fixed JSON.
//!
//! Prints its port. A request with the header `x-bench-echo` gets its own head and body back, which is how the driver
//! checks that a contender really did what it is measured for.

use load::{Framing, Inbox, framing, header};
use std::io::Write;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const REPLY: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Noted."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;

async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut inbox = Inbox::new(256 * 1024);
    let fixed = reply(REPLY.as_bytes());
    loop {
        let head = inbox.head(&mut stream).await?;
        if header(&head, "x-bench-echo").is_none() {
            inbox.body(&mut stream, framing(&head), None).await?;
            stream.write_all(&fixed).await?;
        } else {
            let mut echo = head.clone();
            if framing(&head) != Framing::Length(0) {
                inbox.body(&mut stream, framing(&head), Some(&mut echo)).await?;
            }
            stream.write_all(&reply(&echo)).await?;
        }
    }
}

fn reply(body: &[u8]) -> Vec<u8> {
    let mut reply =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len())
            .into_bytes();
    reply.extend_from_slice(body);
    reply
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
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
