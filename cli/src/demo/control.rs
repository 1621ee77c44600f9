//! The control port of the demo servers: it says what they saw and changes how they behave, also while they refuse.

use super::behaviour::Behaviour;
use super::{Demo, Server};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pointsman_source::reason;
use serde_json::{Map, Value};

pub(super) fn routes(demo: Demo) -> Router {
    Router::new()
        .route("/", get(report_all))
        .route("/{name}", get(report).put(change))
        .fallback(async || said(StatusCode::NOT_FOUND, "there are `/`, and `/NAME` of each demo server"))
        .with_state(demo)
}

async fn report_all(State(demo): State<Demo>) -> Response {
    let reports: Map<_, _> = demo.servers().iter().map(|server| (server.name.to_string(), server.report())).collect();
    json(&Value::Object(reports))
}

async fn report(State(demo): State<Demo>, Path(name): Path<String>) -> Response {
    find(&demo, &name).map_or_else(|response| *response, |server| json(&server.report()))
}

/// The body is a behaviour as on the command line, so that `curl -X PUT -d hang` does.
async fn change(State(demo): State<Demo>, Path(name): Path<String>, body: String) -> Response {
    let server = match find(&demo, &name) {
        Ok(server) => server,
        Err(response) => return *response,
    };
    let behaviour: Behaviour = match body.parse() {
        Ok(behaviour) => behaviour,
        Err(why) => return said(StatusCode::BAD_REQUEST, &why),
    };
    match server.change(behaviour).await {
        Ok(()) => said(StatusCode::OK, &format!("{name}: {behaviour}")),
        Err(err) => said(StatusCode::CONFLICT, &format!("{name} lost its port: {}", reason(&err))),
    }
}

fn find(demo: &Demo, name: &str) -> Result<Server, Box<Response>> {
    let servers = demo.servers();
    servers.iter().find(|server| &*server.name == name).cloned().ok_or_else(|| {
        let known: Vec<_> = servers.iter().map(|server| &*server.name).collect();
        Box::new(said(
            StatusCode::NOT_FOUND,
            &format!("there is no demo server `{name}`, there are: {}", known.join(", ")),
        ))
    })
}

fn said(status: StatusCode, sentence: &str) -> Response {
    (status, format!("{sentence}\n")).into_response()
}

/// For reading, since people ask for it with curl.
fn json(value: &Value) -> Response {
    ([("content-type", "application/json")], format!("{value:#}\n")).into_response()
}
