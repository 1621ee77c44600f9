// What the build has put into the page besides its script: nothing is fetched.

/** A text. */
export function embeddedText(id) {
  return document.getElementById(id).textContent.trim();
}

/** A JSON value. */
export function embeddedJson(id) {
  return JSON.parse(embeddedText(id));
}

/** Bytes, which stand there compressed and as base64. */
export async function embedded(id) {
  const compressed = Uint8Array.from(atob(embeddedText(id)), (letter) => letter.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
