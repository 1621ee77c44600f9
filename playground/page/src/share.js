// All that was typed as the fragment of an address: browsers send a fragment to nobody.

/** What the fragment begins with, so that another form can come later. */
const MARK = "#1.";
/** Beyond this many letters mail programs, chats and browsers cut addresses. */
export const MAX_LINK = 32_000;
/** What a fragment of somebody else's may unfold to. */
const MAX_TEXT = 2_000_000;

const TEXTS = ["policy", "request", "api", "principal", "claims", "at", "demoted", "spent"];

/** The fragment for these inputs. */
export async function fragment(inputs) {
  const given = Object.fromEntries(TEXTS.filter((name) => inputs[name]).map((name) => [name, inputs[name]]));
  const stream = new Blob([JSON.stringify(given)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return MARK + btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The inputs of a fragment, nothing where there is none; throws a sentence for what is no fragment of ours. */
export async function inputsOf(hash) {
  if (hash.length < 2) return undefined;
  if (!hash.startsWith(MARK)) throw new Error("the address does not end in a link of this playground");
  if (hash.length > MAX_LINK) throw new Error("the link is longer than any that this playground makes");
  let text;
  try {
    const letters = atob(hash.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
    text = await inflated(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
  } catch (error) {
    if (error instanceof RangeError) throw new Error("the link holds more than this playground takes");
    throw new Error("the link is cut off or was changed on its way");
  }
  let inputs;
  try {
    inputs = JSON.parse(text);
  } catch {
    throw new Error("the link is cut off or was changed on its way");
  }
  return Object.fromEntries(TEXTS.map((name) => [name, typeof inputs?.[name] === "string" ? inputs[name] : ""]));
}

/** A few bytes can unfold to many: reading ends where it is too much. */
async function inflated(bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const chunks = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MAX_TEXT) {
      reader.cancel();
      throw new RangeError("too large");
    }
    chunks.push(value);
  }
  return new Blob(chunks).text();
}
