//! Demo LLM servers: what a quickstart and a test talk to instead of a provider.
//!
//! They speak the providers' wire formats closely enough for the official client libraries, and every reply names the
//! server that got the request and the model it was asked for. One file per API.

mod chat;
mod completions;
mod embeddings;
mod images;
mod messages;
mod moderations;
mod ollama;
mod reply;
mod rerank;
mod responses;
mod speech;
mod stream;

use crate::source::reason;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use axum::routing::post;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;

/// One demo server; clones are the same server.
#[derive(Debug, Clone)]
struct Server {
    name: Arc<str>,
    requests: Arc<AtomicU64>,
}

impl Server {
    /// What it answers to every question.
    fn answer(&self, model: &str) -> String {
        format!("served by {} as {model}", self.name)
    }

    /// The same for clients that asked for JSON, tool arguments included.
    fn answer_json(&self, model: &str) -> String {
        serde_json::json!({"served_by": &*self.name, "model": model}).to_string()
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}-{}-{}", self.name, self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

/// Serves on `port`, or on a free one for 0, and returns the port. It runs as long as the program.
pub(crate) async fn start(name: &str, port: u16) -> Result<u16, String> {
    let failed =
        |err: std::io::Error| format!("the demo server `{name}` cannot listen on port {port}: {}", reason(&err));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?.port();
    let routes = routes(Server { name: name.into(), requests: Arc::default() });
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(bound)
}

fn routes(server: Server) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::serve))
        .route("/v1/completions", post(completions::serve))
        .route("/v1/embeddings", post(embeddings::serve))
        .route("/v1/responses", post(responses::serve))
        .route("/v1/moderations", post(moderations::serve))
        .route("/v1/images/generations", post(images::serve))
        .route("/v1/audio/speech", post(speech::serve))
        .route("/v1/rerank", post(rerank::serve))
        .route("/v1/messages", post(messages::serve))
        .route("/v1/messages/count_tokens", post(messages::count_tokens))
        .route("/api/chat", post(ollama::chat))
        .route("/api/generate", post(ollama::generate))
        .route("/api/embed", post(ollama::embed))
        .fallback(reply::not_found)
        .layer(DefaultBodyLimit::disable())
        .layer(map_response_with_state(server.clone(), name_server))
        .with_state(server)
}

/// Every reply says in a header who gave it, for those whose body has no room for it.
async fn name_server(State(server): State<Server>, mut response: Response) -> Response {
    if let Ok(name) = axum::http::HeaderValue::from_str(&server.name) {
        response.headers_mut().insert("x-served-by", name);
    }
    response
}
