//! Demo LLM servers: what a quickstart and a test talk to instead of a provider.
//!
//! They speak the providers' wire formats closely enough for the official client libraries, and every reply names the
//! server that got the request and the model it was asked for. One file per API. They fail in the ways of providers when
//! a control port tells them to.

pub(crate) mod behaviour;
mod chat;
mod completions;
mod control;
mod door;
mod embeddings;
mod failing;
mod form;
mod gemini;
mod images;
mod journal;
mod messages;
mod moderations;
mod ollama;
mod reply;
mod rerank;
mod responses;
mod speech;
mod stream;
mod transcriptions;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::post;
use behaviour::Behaviour;
use door::Door;
use journal::Journal;
use pointsman_source::reason;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The demo servers of one program; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demo {
    servers: Arc<Mutex<Vec<Server>>>,
}

/// What a server is told at its start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Its port; 0 takes a free one.
    pub(crate) port: u16,
    pub(crate) behaviour: Behaviour,
    /// The key that a request must carry. Without one, every request is served.
    pub(crate) key: Option<String>,
}

/// One demo server; clones are the same server.
#[derive(Debug, Clone)]
struct Server {
    name: Arc<str>,
    requests: Arc<AtomicU64>,
    key: Option<Arc<str>>,
    behaviour: watch::Sender<Behaviour>,
    journal: Arc<Journal>,
    door: Arc<Door>,
}

impl Demo {
    /// Starts a server, which runs as long as the program, and returns its port.
    pub(crate) async fn start(&self, name: &str, options: Options) -> Result<u16, String> {
        let Options { port, behaviour, key } = options;
        let failed = |err| format!("the demo server `{name}` cannot listen on port {port}: {}", reason(&err));
        let door = Door::claim(port).map_err(failed)?;
        let server = Server {
            name: name.into(),
            requests: Arc::default(),
            key: key.map(Into::into),
            behaviour: watch::Sender::new(behaviour),
            journal: Arc::default(),
            door: Arc::new(door),
        };
        server.change(behaviour).await.map_err(failed)?;
        let port = server.door.address.port();
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).push(server);
        Ok(port)
    }

    /// Starts the control port, through which the servers are told how to behave, and returns its number.
    pub(crate) async fn control(&self, port: u16) -> Result<u16, String> {
        let failed = |err| format!("cannot listen on port {port} for the demo servers' control: {}", reason(&err));
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?.port();
        let routes = control::routes(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(bound)
    }

    fn servers(&self) -> Vec<Server> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
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

    /// Behaves in another way from now on. Returns when the next connection meets it.
    async fn change(&self, behaviour: Behaviour) -> std::io::Result<()> {
        self.behaviour.send_replace(behaviour);
        match behaviour {
            Behaviour::Refuse => self.door.close().await,
            _ => self.door.open(routes(self.clone())).await,
        }
    }

    /// How it behaves, and what it saw.
    fn report(&self) -> Value {
        let mut report = self.journal.report();
        report.insert("address".into(), json!(self.door.address.to_string()));
        report.insert("behaviour".into(), json!(self.behaviour.borrow().to_string()));
        Value::Object(report)
    }

    /// Whether a request brings the key that this server wants, and no other.
    fn is_key(&self, headers: &HeaderMap) -> bool {
        let Some(key) = self.key.as_deref() else { return true };
        let bearer = headers.get_all("authorization").iter().map(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let plain = ["x-api-key", "api-key", "x-goog-api-key"].into_iter().flat_map(|name| headers.get_all(name));
        let mut keys = bearer.chain(plain.map(|value| Some(value.as_bytes()))).peekable();
        keys.peek().is_some() && keys.all(|given| given == Some(key.as_bytes()))
    }
}

fn routes(server: Server) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::serve))
        .route("/openai/deployments/{deployment}/chat/completions", post(chat::serve))
        .route("/v1/completions", post(completions::serve))
        .route("/v1/embeddings", post(embeddings::serve))
        .route("/v1/responses", post(responses::serve))
        .route("/v1/responses/input_tokens", post(responses::count_tokens))
        .route("/v1/moderations", post(moderations::serve))
        .route("/v1/images/generations", post(images::serve))
        .route("/v1/images/edits", post(images::change))
        .route("/v1/images/variations", post(images::change))
        .route("/v1/audio/speech", post(speech::serve))
        .route("/v1/audio/transcriptions", post(transcriptions::serve))
        .route("/v1/audio/translations", post(transcriptions::serve))
        .route("/v1/rerank", post(rerank::serve))
        .route("/v1/messages", post(messages::serve))
        .route("/v1/messages/count_tokens", post(messages::count_tokens))
        .route("/api/chat", post(ollama::chat))
        .route("/api/generate", post(ollama::generate))
        .route("/api/embed", post(ollama::embed))
        .route("/api/show", post(ollama::show))
        .route("/v1/models/{call}", post(gemini::serve))
        .route("/v1beta/models/{call}", post(gemini::serve))
        .route("/v1/projects/{project}/locations/{location}/publishers/google/models/{call}", post(gemini::serve))
        .fallback(reply::not_found)
        .layer(from_fn_with_state(server.clone(), failing::behave))
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
