//! OpenAI image generation, edits and variations: one grey pixel, however large the image was to be.

use super::Server;
use super::reply::{Family, Request, json, now};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

/// A PNG of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

pub(super) async fn serve(State(server): State<Server>, body: Bytes) -> Response {
    match Request::read(Family::OpenAi, &body, &["prompt"]) {
        Ok(request) => answer(&server, &request),
        Err(response) => *response,
    }
}

/// Edits and variations, of which only the former have a prompt.
pub(super) async fn change(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    match Request::read_form(Family::OpenAi, &headers, &body, &[]) {
        Ok(request) => answer(&server, &request),
        Err(response) => *response,
    }
}

fn answer(server: &Server, request: &Request) -> Response {
    let image = json!({"b64_json": PIXEL, "revised_prompt": server.answer(&request.model)});
    let count = usize::try_from(request.number("n").unwrap_or(1).clamp(1, 10)).unwrap_or(1);
    json(&json!({"created": now(), "data": vec![image; count]}))
}
