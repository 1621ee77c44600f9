//! The server itself, below HTTP's surface: accepting, refusing and breaking connections.

use super::behaviour::Behaviour;
use super::{Server, reply};
use crate::source::reason;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::Deserialize;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

/// The largest body a demo server takes.
const LARGEST: usize = 64 << 20;

/// How often a server that comes back tries to get its port again.
const RETRY: Duration = Duration::from_millis(20);

/// Why a connection is broken off. Nobody sees it: that is the point.
#[derive(Debug)]
struct BreakOff;

impl std::fmt::Display for BreakOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this demo server breaks the connection")
    }
}

impl std::error::Error for BreakOff {}

/// Listens on `port`, or on a free one for 0.
pub(super) async fn listen(name: &str, port: u16) -> Result<(TcpListener, u16), String> {
    let failed =
        |err: std::io::Error| format!("the demo server `{name}` cannot listen on port {port}: {}", reason(&err));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

/// Serves as long as the program runs. While the server refuses, its port is closed.
pub(super) async fn serve(server: Server, listener: TcpListener, port: u16, routes: Router) {
    let mut listener = Some(listener);
    let mut behaviour = server.behaviour.subscribe();
    loop {
        if *behaviour.borrow_and_update() == Behaviour::Refuse {
            listener = None;
            if behaviour.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(open) = &listener else {
            match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(again) => listener = Some(again),
                Err(_) => tokio::time::sleep(RETRY).await,
            }
            continue;
        };
        tokio::select! {
            accepted = open.accept() => if let Ok((stream, _)) = accepted {
                tokio::spawn(connection(server.clone(), stream, routes.clone()));
            },
            _ = behaviour.changed() => {}
        }
    }
}

async fn connection(server: Server, stream: TcpStream, routes: Router) {
    let mut behaviour = server.behaviour.subscribe();
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let (server, routes) = (server.clone(), routes.clone());
        async move { exchange(&server, request.map(Body::new), routes).await }
    });
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        _ = behaviour.wait_for(|behaviour| *behaviour == Behaviour::Refuse) => {}
    }
}

#[derive(Deserialize, Default)]
struct Asked {
    model: Option<String>,
}

/// One request and its answer, or a broken connection.
async fn exchange(server: &Server, request: Request<Body>, mut routes: Router) -> Result<Response, BreakOff> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await.map_err(|_| BreakOff)?;
    let asked: Asked = serde_json::from_slice(&body).unwrap_or_default();
    let model = asked.model.unwrap_or_default();
    if !server.is_key(&head.headers) {
        server.count(&model, "401");
        return Ok(reply::failure(head.uri.path(), StatusCode::UNAUTHORIZED, "wrong or missing key", None));
    }
    let behaviour = *server.behaviour.borrow();
    server.count(&model, &behaviour.to_string());
    match behaviour {
        Behaviour::Ok => {}
        Behaviour::Refuse | Behaviour::Reset => return Err(BreakOff),
        Behaviour::Hang => {
            // Until the server is told to behave otherwise.
            let _ = server.behaviour.subscribe().wait_for(|now| *now != behaviour).await;
            return Err(BreakOff);
        }
        Behaviour::Status(status, wait) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok(reply::failure(head.uri.path(), status, "this demo server was told to fail", wait));
        }
        Behaviour::Slow(time) => tokio::time::sleep(time).await,
        Behaviour::DieMidStream => {
            let answer = answer(&mut routes, head, body).await;
            return Ok(cut_off(answer));
        }
    }
    Ok(answer(&mut routes, head, body).await)
}

async fn answer(routes: &mut Router, head: axum::http::request::Parts, body: Bytes) -> Response {
    let Ok(answer) = routes.call(Request::from_parts(head, Body::from(body))).await;
    answer
}

/// The beginning of an answer, then nothing and a broken connection.
fn cut_off(answer: Response) -> Response {
    let (mut head, body) = answer.into_parts();
    // The rest is announced, or would have been a complete stream.
    let announced = head.headers.contains_key(header::CONTENT_LENGTH);
    head.headers.remove(header::CONTENT_LENGTH);
    let pieces = body.into_data_stream().enumerate().map(move |(nth, piece)| match (nth, piece) {
        (0, Ok(piece)) if announced => Ok(piece.slice(..piece.len() / 2)),
        (0, Ok(piece)) => Ok(piece),
        _ => Err(BreakOff),
    });
    let broken = futures_util::stream::once(async {
        // What came before shall be seen before the end is.
        tokio::time::sleep(RETRY).await;
        Err(BreakOff)
    });
    Response::from_parts(head, Body::from_stream(pieces.take(1).chain(broken)))
}
