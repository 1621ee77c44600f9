//! OpenAI image generation: one grey pixel, however large the image was to be.

use super::Server;
use super::reply::{Family, Request, json, now};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;

/// A PNG of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

pub(super) async fn serve(State(server): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::OpenAi, &body, &["prompt"]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let image = json!({"b64_json": PIXEL, "revised_prompt": server.answer(&request.model)});
    let count = usize::try_from(request.get("n").as_u64().unwrap_or(1).clamp(1, 10)).unwrap_or(1);
    json(&json!({"created": now(), "data": vec![image; count]}))
}
