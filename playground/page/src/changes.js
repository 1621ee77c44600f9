// What is sent in place of what came: body and headers of each attempt, as a diff.

import { h } from "./dom.js";

export function changes({ attempts = [], mirror }) {
  const all = attempts.map((attempt, nth) => [attempts.length > 1 ? `Attempt ${nth + 1}` : "What is sent", attempt]);
  if (mirror) all.push(["Copy", mirror]);
  if (all.length === 0) return undefined;
  // The first is what happens; the others are there for who asks.
  const shown = all.map(([title, attempt], nth) => one(title, attempt, nth === 0));
  return h("section", { class: "part" }, h("h3", {}, "Changes on the way"), shown);
}

function one(title, { model, cluster, upstreamModel, path, body, headers }, isOpen) {
  const as = upstreamModel && upstreamModel !== model ? `, as ${upstreamModel}` : "";
  return h(
    "details",
    { open: isOpen },
    h("summary", {}, `${title}: ${model} on ${cluster}${as}, ${path}`),
    h("h4", {}, "Body"),
    body.length ? body.map(bodyChange) : h("p", { class: "quiet" }, "Not a byte changes."),
    h("h4", {}, "Headers"),
    headers.length ? h("ul", { class: "diff", tabindex: "0", "aria-label": "Headers that change" }, headers.flatMap(headerChange)) : h("p", { class: "quiet" }, "None changes."),
  );
}

function bodyChange({ at, before, removed, added, after }) {
  return h(
    "p",
    { class: "splice" },
    h("span", { class: "quiet" }, `byte ${at} `),
    h("code", {}, before, removed && h("del", {}, removed), added && h("ins", {}, added), after),
  );
}

function headerChange({ name, removed, added }) {
  const line = (mark, word, value) => h("li", { class: word }, h("span", { class: "sign", "aria-label": word }, mark), ` ${name}: ${value}`);
  return [
    removed !== undefined && line("−", "removed", removed),
    added !== undefined && line("+", "added", added),
  ].filter(Boolean);
}
