//! The least an external processor can do for model routing: find the model by a byte search, set a header, rewrite the
//! body. No policy, no parsing, no metrics: what a real ext_proc gateway does comes on top.
//!
//!     ext-proc <unix socket>
//!
//! It serves both request body modes and tells them by Envoy's `protocol_config`: `BUFFERED` (the whole body in one
//! message) and `FULL_DUPLEX_STREAMED` (chunks flow on as soon as the model has passed).

use envoy_types::pb::envoy::config::core::v3::{
    HeaderValue, HeaderValueOption, header_value_option::HeaderAppendAction,
};
use envoy_types::pb::envoy::extensions::filters::http::ext_proc::v3::processing_mode::BodySendMode;
use envoy_types::pb::envoy::service::ext_proc::v3::{
    BodyMutation, BodyResponse, CommonResponse, HeaderMutation, HeadersResponse, HttpBody, ProcessingRequest,
    ProcessingResponse, StreamedBodyResponse,
    body_mutation::Mutation,
    external_processor_server::{ExternalProcessor, ExternalProcessorServer},
    processing_request::Request as Asked,
    processing_response::Response as Answer,
};
use memchr::memmem;
use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio_stream::Stream;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::{Request, Response, Status, Streaming};

const MODEL: &[u8] = b"llama-small-2025";

/// Where the value of the first `"model"` key stands, quotes excluded.
fn model(body: &[u8]) -> Option<Range<usize>> {
    let after_key = memmem::find(body, br#""model""#)? + 7;
    let start = after_key + memchr::memchr(b'"', body.get(after_key..)?)? + 1;
    let end = start + memchr::memchr(b'"', body.get(start..)?)?;
    Some(start..end)
}

fn rewrite(body: Vec<u8>, at: Range<usize>) -> Vec<u8> {
    let mut body = body;
    body.splice(at, MODEL.iter().copied());
    body
}

fn header(key: &str, raw_value: Vec<u8>) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(HeaderValue { key: key.into(), raw_value, ..Default::default() }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        ..Default::default()
    }
}

fn headers(set_headers: Vec<HeaderValueOption>) -> Option<HeaderMutation> {
    Some(HeaderMutation { set_headers, ..Default::default() })
}

fn answer(answer: Answer) -> ProcessingResponse {
    ProcessingResponse { response: Some(answer), ..Default::default() }
}

/// One HTTP request: the messages of one gRPC stream in, the answers out.
struct Exchange {
    inbound: Streaming<ProcessingRequest>,
    duplex: bool,
    decided: bool,
    held: Vec<u8>,
    ready: VecDeque<ProcessingResponse>,
}

impl Exchange {
    fn take(&mut self, message: ProcessingRequest) {
        if let Some(protocol) = &message.protocol_config {
            self.duplex = protocol.request_body_mode == BodySendMode::FullDuplexStreamed as i32;
        }
        match message.request {
            // In duplex mode the headers wait for the model.
            Some(Asked::RequestHeaders(headers)) if !self.duplex || headers.end_of_stream => {
                self.ready.push_back(answer(Answer::RequestHeaders(HeadersResponse::default())));
            }
            Some(Asked::RequestBody(body)) if self.duplex => self.chunk(body),
            Some(Asked::RequestBody(body)) => {
                let mut response = CommonResponse { clear_route_cache: true, ..Default::default() };
                if let Some(at) = model(&body.body) {
                    let body = rewrite(body.body, at);
                    // Envoy refuses a changed body whose length is not the one the headers say.
                    let length = body.len().to_string().into_bytes();
                    response.header_mutation =
                        headers(vec![header("x-model", MODEL.to_vec()), header("content-length", length)]);
                    response.body_mutation = Some(BodyMutation { mutation: Some(Mutation::Body(body)) });
                }
                self.ready.push_back(answer(Answer::RequestBody(BodyResponse { response: Some(response) })));
            }
            Some(Asked::RequestTrailers(_)) => {
                self.ready.push_back(answer(Answer::RequestTrailers(Default::default())))
            }
            _ => {}
        }
    }

    fn chunk(&mut self, chunk: HttpBody) {
        if self.decided {
            return self.stream(chunk.body, chunk.end_of_stream);
        }
        self.held.extend_from_slice(&chunk.body);
        let found = model(&self.held);
        if found.is_none() && !chunk.end_of_stream {
            return;
        }
        self.decided = true;
        let held = std::mem::take(&mut self.held);
        let header_mutation = headers(vec![header("x-model", MODEL.to_vec())]);
        let response = CommonResponse { header_mutation, clear_route_cache: true, ..Default::default() };
        self.ready.push_back(answer(Answer::RequestHeaders(HeadersResponse { response: Some(response) })));
        let held = match found {
            Some(at) => rewrite(held, at),
            None => held,
        };
        self.stream(held, chunk.end_of_stream);
    }

    fn stream(&mut self, body: Vec<u8>, end_of_stream: bool) {
        let streamed = StreamedBodyResponse { body, end_of_stream, ..Default::default() };
        let response = CommonResponse {
            body_mutation: Some(BodyMutation { mutation: Some(Mutation::StreamedResponse(streamed)) }),
            ..Default::default()
        };
        self.ready.push_back(answer(Answer::RequestBody(BodyResponse { response: Some(response) })));
    }
}

impl Stream for Exchange {
    type Item = Result<ProcessingResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(response) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(response)));
            }
            match ready!(Pin::new(&mut self.inbound).poll_next(context)) {
                Some(Ok(message)) => self.take(message),
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                None => return Poll::Ready(None),
            }
        }
    }
}

struct Processor;

#[tonic::async_trait]
impl ExternalProcessor for Processor {
    type ProcessStream = Exchange;

    async fn process(&self, request: Request<Streaming<ProcessingRequest>>) -> Result<Response<Exchange>, Status> {
        let inbound = request.into_inner();
        Ok(Response::new(Exchange { inbound, duplex: false, decided: false, held: Vec::new(), ready: VecDeque::new() }))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket = std::env::args().nth(1).ok_or("usage: ext-proc <unix socket>")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::UnixListener::bind(socket)?;
        // Windows larger than the largest body, so that flow control never costs a round trip.
        tonic::transport::Server::builder()
            .initial_stream_window_size(4 * 1024 * 1024)
            .initial_connection_window_size(64 * 1024 * 1024)
            .add_service(ExternalProcessorServer::new(Processor))
            .serve_with_incoming(UnixListenerStream::new(listener))
            .await?;
        Ok(())
    })
}
