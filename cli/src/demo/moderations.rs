//! OpenAI moderations: nothing is ever flagged.

use super::Server;
use super::embeddings::inputs;
use super::reply::{Family, Request, json};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

const CATEGORIES: [&str; 7] = ["harassment", "hate", "illicit", "self-harm", "sexual", "sexual/minors", "violence"];

pub(super) async fn serve(State(server): State<Server>, body: Bytes) -> Response {
    let request = match Request::read(Family::OpenAi, &body, &["input"]) {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let each =
        |value: Value| CATEGORIES.iter().map(|category| ((*category).to_owned(), value.clone())).collect::<Map<_, _>>();
    let result = json!({"flagged": false, "categories": each(json!(false)), "category_scores": each(json!(0.0))});
    let results = vec![result; inputs(request.get("input")).len()];
    json(&json!({"id": server.id("modr"), "model": request.model, "results": results}))
}
