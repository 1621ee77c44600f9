//! How fast answers are read. What it prints is in `cargo test --release -p pointsman-engine --lib pace -- --nocapture`.

use super::*;
use std::time::{Duration, Instant};

/// A chunk costs less than this, natively, even where tests are not optimised and the machine is busy. With the little that the
/// release profile optimises it was 0.6 to 1.8 microseconds on a busy machine of two cores; the module is optimised in full.
const LONGEST: Duration = Duration::from_micros(100);

fn pace(name: &str, api: Api, chunk: &str) {
    const CHUNKS: u32 = if cfg!(debug_assertions) { 2_000 } else { 200_000 };
    let mut reader = UsageReader::of(api, EVENTS.as_bytes(), b"").expect("a reader");
    let begin = Instant::now();
    (0..CHUNKS).for_each(|_| reader.push(chunk.as_bytes()));
    let each = begin.elapsed() / CHUNKS;
    println!("{name}: {} bytes in {} ns", chunk.len(), each.as_nanos());
    assert!(each < LONGEST, "{name}: {each:?}");
    assert!(reader.finish(true).text_bytes > 0);
}

#[test]
fn an_event_is_read_in_microseconds() {
    pace(
        "chat completions",
        Api::ChatCompletions,
        "data: {\"id\":\"chatcmpl-C4HqHBe4xca0k0EzsCnf1t6V3YFXp\",\"object\":\"chat.completion.chunk\",\"created\":1755137933,\"model\":\"gpt-5-nano-2025-08-07\",\"service_tier\":\"default\",\"system_fingerprint\":null,\"choices\":[{\"index\":0,\"delta\":{\"content\":\" about\"},\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"AhjV0cXZqo72k8\"}\n\n",
    );
    pace(
        "messages",
        Api::Messages,
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" there anything I can help\"}               }\n\n",
    );
    pace(
        "responses",
        Api::Responses,
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":3,\"item_id\":\"msg_0fd43e1b46691ead0069a89a21ea1c8199ae1962065e1d3995\",\"output_index\":0,\"content_index\":0,\"delta\":\"Hello\",\"logprobs\":[],\"obfuscation\":\"AhjV0cXZqo72k8\"}\n\n",
    );
    pace(
        "gemini",
        Api::Gemini,
        "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"The provider is\"}],\"role\": \"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 8,\"candidatesTokenCount\": 6,\"totalTokenCount\": 14,\"promptTokensDetails\": [{\"modality\": \"TEXT\",\"tokenCount\": 8}]},\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"abc\"}\r\n\r\n",
    );
}
