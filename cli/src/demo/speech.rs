//! OpenAI speech: a WAV file with a few samples of silence.

use super::Server;
use super::reply::{Family, Request};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// 8-bit mono at 8 kHz, eight samples.
const SILENCE: &[u8] = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x08\0\0\0\x80\x80\x80\x80\x80\x80\x80\x80";

pub(super) async fn serve(State(_): State<Server>, body: Bytes) -> Response {
    match Request::read(Family::OpenAi, &body, &["input", "voice"]) {
        Ok(_) => ([(header::CONTENT_TYPE, "audio/wav")], SILENCE).into_response(),
        Err(response) => *response,
    }
}
