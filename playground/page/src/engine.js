// The engine, asked from the page: one question of each kind at a time, and only the last one counts.

import { embedded, embeddedText } from "./embedded.js";

/** Longer than any real policy takes. */
const PATIENCE_MS = 20_000;

const compiled = embedded("engine").then((bytes) => WebAssembly.compile(bytes));
let worker;
let last = 0;
const waiting = new Map();

function start() {
  const url = URL.createObjectURL(new Blob([embeddedText("worker")], { type: "text/javascript" }));
  worker = new Worker(url);
  URL.revokeObjectURL(url);
  worker.onmessage = ({ data }) => {
    const question = waiting.get(data.id);
    if (!question) return;
    waiting.delete(data.id);
    clearTimeout(question.timer);
    if (data.broken) restart();
    question.resolve(data.broken ? { error: data.broken } : data.answer);
  };
  return compiled.then((module) => worker.postMessage({ module }));
}

function restart() {
  worker.terminate();
  const lost = [...waiting.values()];
  waiting.clear();
  ready = start();
  for (const { resolve, timer } of lost) {
    clearTimeout(timer);
    resolve({ error: "the engine was started anew" });
  }
}

let ready = start();

/** What the engine answers: `check` takes a policy's text, `explain` a question as JSON. */
export async function ask(name, question) {
  try {
    await ready;
  } catch (error) {
    // A browser of before 2023, say.
    return { error: String(error) };
  }
  const id = ++last;
  return new Promise((resolve) => {
    const timer = setTimeout(restart, PATIENCE_MS);
    waiting.set(id, { resolve, timer });
    worker.postMessage({ id, name, question });
  });
}
