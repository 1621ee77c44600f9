//! A demo server's behaviour, between the connection and the API that answers.

use super::behaviour::Behaviour;
use super::door::Connection;
use super::reply::{self, Family};
use super::{Server, journal};
use crate::oci::Created;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use std::time::Duration;

/// Between the bytes that are still to be seen and the break.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn behave(
    State(server): State<Server>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let mut changes = server.behaviour.subscribe();
    let behaviour = *changes.borrow_and_update();
    let (head, body) = request.into_parts();
    if behaviour == Behaviour::ResetMidBody {
        let _ = body.into_data_stream().next().await;
        server.journal.note(None, behaviour.name());
        return broken(&connection);
    }
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return broken(&connection);
    };
    let model = journal::model(&head.headers, &body);
    let note = |outcome| server.journal.note(model.as_deref(), outcome);
    let family = Family::of(head.uri.path());
    let is_allowed = server.is_key(&head.headers);
    let answer = async |body| next.run(Request::from_parts(head, Body::from(body))).await;
    match behaviour {
        Behaviour::Refuse | Behaviour::Reset | Behaviour::ResetMidBody => {
            note(behaviour.name());
            broken(&connection)
        }
        Behaviour::Hang => {
            note(behaviour.name());
            let _ = changes.changed().await;
            broken(&connection)
        }
        _ if !is_allowed => {
            note(StatusCode::UNAUTHORIZED.as_str().to_owned());
            reply::error(
                family,
                StatusCode::UNAUTHORIZED,
                "this demo server was not given its key, or another one, too",
            )
        }
        Behaviour::SlowFirstByte(delay) => {
            note(behaviour.name());
            tokio::time::sleep(delay).await;
            answer(body).await
        }
        Behaviour::DieMidStream => {
            note(behaviour.name());
            die(answer(body).await, connection).await
        }
        Behaviour::Answer { status, retry_after, exhausted } => {
            let mut response = match status {
                Some(status) => {
                    reply::error(family, status, &format!("this demo server was told to say {}", status.as_u16()))
                }
                None => answer(body).await,
            };
            note(response.status().as_str().to_owned());
            let headers = retry_after.map(|seconds| (header::RETRY_AFTER, seconds.into()));
            let headers = headers.into_iter().chain(exhausted.into_iter().flat_map(|seconds| limit(family, seconds)));
            response.headers_mut().extend(headers);
            response
        }
    }
}

/// No request is left for so many seconds, as the API's provider says it.
fn limit(family: Family, seconds: u32) -> [(HeaderName, HeaderValue); 2] {
    let none = HeaderValue::from_static("0");
    let end = || Created::read(&(reply::now() + u64::from(seconds)).to_string()).map(Created::rfc3339);
    let (left, reset, when) = match family {
        Family::Anthropic => (
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
            end().unwrap_or_else(|_| seconds.to_string()),
        ),
        Family::OpenAi | Family::Ollama | Family::Gemini => {
            ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", format!("{seconds}s"))
        }
    };
    let when = HeaderValue::from_str(&when).unwrap_or_else(|_| seconds.into());
    [(HeaderName::from_static(left), none), (HeaderName::from_static(reset), when)]
}

/// A response that nobody gets, since the server needs one to go on to the broken connection.
fn broken(connection: &Connection) -> Response {
    connection.break_off();
    StatusCode::OK.into_response()
}

/// The response up to the first piece of a stream, or half of another body; then the connection breaks.
async fn die(response: Response, connection: Connection) -> Response {
    let (mut head, mut body) = response.into_parts();
    let whole = body.size_hint().exact();
    let begun = match whole {
        Some(length) => {
            head.headers.insert(header::CONTENT_LENGTH, length.into());
            let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
            body = Body::empty();
            bytes.slice(..bytes.len() / 2)
        }
        None => Bytes::new(),
    };
    let rest = body.into_data_stream().take(1).map(|piece| piece.map_err(std::io::Error::other));
    let end = stream::once(async move {
        tokio::time::sleep(PAUSE).await;
        connection.break_off();
        Err(std::io::ErrorKind::ConnectionReset.into())
    });
    let begun = stream::iter((!begun.is_empty()).then_some(Ok::<_, std::io::Error>(begun)));
    Response::from_parts(head, Body::from_stream(begun.chain(rest).chain(end)))
}
