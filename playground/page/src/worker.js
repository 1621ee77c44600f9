// The engine's thread: a policy of ten thousand rules takes a second, and nobody's typing waits for it.
//
// What a question does to the engine stays in this worker. If it ends the module, the page starts another one.

let engine;
const text = { encode: new TextEncoder(), decode: new TextDecoder() };

function ask(name, question) {
  const bytes = text.encode.encode(question);
  const { memory, pointsman_input, pointsman_output } = engine;
  // The buffer is another one where a call has made the memory grow.
  const at = pointsman_input(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
  const length = engine[`pointsman_${name}`]();
  return JSON.parse(text.decode.decode(new Uint8Array(memory.buffer, pointsman_output(), length)));
}

onmessage = async ({ data }) => {
  if (data.module) {
    // No imports: there is nothing that the module could call.
    engine = (await WebAssembly.instantiate(data.module, {})).exports;
    return;
  }
  const { id, name, question } = data;
  try {
    postMessage({ id, answer: ask(name, question) });
  } catch (error) {
    postMessage({ id, broken: String(error) });
  }
};
