// Completions and explanations of keys, by the published schema.

import { h } from "./dom.js";
import { placeAt } from "./place.js";

/** A source of completions for policies. */
export function completions(schema) {
  return (context) => {
    const place = placeAt(context.state.sliceDoc(0, context.pos));
    if (!place || (place.word === "" && !context.explicit && !isFresh(context))) return null;
    const options = [
      ...(place.isKey ? keys(schema, place) : []),
      ...(place.isValue ? values(schema, place) : []),
    ];
    if (options.length === 0) return null;
    return { from: context.pos - place.word.length, options, validFor: /^[\w.-]*$/ };
  };
}

/** Right behind a key or a dash, whoever types expects to be told what can come. */
function isFresh(context) {
  return /[:-] $|[{[] ?$/.test(context.state.sliceDoc(Math.max(0, context.pos - 2), context.pos));
}

function keys(schema, place) {
  const open = schema.keys(place.path).filter(([name]) => !place.keys.has(name) || name === place.word);
  return open.map(([name, { description }, isRequired]) => ({
    label: name,
    apply: `${name}: `,
    type: "property",
    detail: isRequired ? "required" : undefined,
    info: description,
    boost: isRequired ? 1 : 0,
  }));
}

function values(schema, place) {
  return schema.values(place.path).map((label) => ({ label, type: "enum" }));
}

/** What a tooltip says of the key at a position. */
export function explanation(schema) {
  return (view, position) => {
    const word = /[\w$.-]+$/.exec(view.state.sliceDoc(Math.max(0, position - 200), position))?.[0] ?? "";
    const start = position - word.length;
    const rest = /^[\w$.-]*/.exec(view.state.sliceDoc(start, start + 200))[0];
    if (!rest || !/^["']?\s*:/.test(view.state.sliceDoc(start + rest.length, start + rest.length + 200))) return null;
    const place = placeAt(view.state.sliceDoc(0, start));
    if (!place?.isKey) return null;
    const about = schema.about([...place.path, rest]);
    if (!about?.description) return null;
    return { pos: start, end: start + rest.length, above: true, create: () => ({ dom: tooltip(rest, about) }) };
  };
}

function tooltip(name, { description, kind, default: usual }) {
  const more = [kind, usual === undefined ? "" : `default: ${JSON.stringify(usual)}`].filter(Boolean).join("; ");
  return h("div", { class: "tooltip" }, h("strong", {}, name), ` ${description}`, more && h("div", { class: "kind" }, more));
}
