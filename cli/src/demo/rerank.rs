//! Rerank, in the shape that Cohere, Jina and vLLM share: the documents, shortest first.

use super::Server;
use super::reply::{Family, Request, json};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

pub(super) async fn serve(State(server): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::OpenAi, &body, &["query", "documents"]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let documents = request.get("documents").as_array().map(Vec::as_slice).unwrap_or_default();
    let mut order: Vec<(usize, String)> = documents.iter().map(text).enumerate().collect();
    order.sort_by_key(|(_, text)| text.len());
    let most = request.get("top_n").as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(order.len());
    let results: Vec<Value> = order
        .iter()
        .take(most)
        .enumerate()
        .map(|(rank, (index, text))| json!({"index": index, "relevance_score": 1.0 / (rank as f64 + 1.0), "document": {"text": text}}))
        .collect();
    json(
        &json!({"id": server.id("rerank"), "model": request.model, "results": results, "usage": {"total_tokens": request.tokens("documents")}}),
    )
}

/// A document is a text, or an object that has one.
fn text(document: &Value) -> String {
    document.as_str().or_else(|| document.get("text")?.as_str()).unwrap_or_default().to_owned()
}
