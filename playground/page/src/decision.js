// A decision as a person reads it: what was found, tried, considered and changed, in the order in which that happens.

import { changes } from "./changes.js";
import { h } from "./dom.js";

/** Beyond these, rules that did not hold are counted, and not shown one by one. */
const MOST_RULES = 300;

/** One line: what becomes of the request. */
export function headline(record) {
  if (!record) return "Not an LLM call: it passes untouched.";
  const by = record.rule ? `, by rule ${record.rule}` : "";
  const asked = record.asked ?? "no model";
  switch (record.action) {
    case "route":
      return `${asked} → ${record.model} on ${record.cluster}${by}.`;
    case "deny":
      return `Refused with ${record.status} (${record.reason})${by}${record.message ? `: ${record.message}` : ""}.`;
    case "models":
      return "Answered here: the list of models.";
    default:
      return `Passes untouched (${record.reason}).`;
  }
}

/** Everything that is known of how it came to that. */
export function decision(trace) {
  if (!trace) return [];
  const { record } = trace;
  return [
    overview(record),
    trace.facts && section("Facts", facts(trace.facts)),
    trace.tenants.length > 0 && section("Tenants", steps(trace.tenants, TENANT)),
    trace.rules.length > 0 && section("Rules, in order", rules(trace.rules)),
    trace.candidates.length > 0 && section("Candidates", candidates(trace)),
    changes(trace),
    section("Record", h("details", {}, h("summary", {}, "What Envoy's access log gets"), json(record))),
  ].filter(Boolean);
}

function section(title, ...children) {
  return h("section", { class: "part" }, h("h3", {}, title), children);
}

function json(value) {
  return h("pre", { class: "json", tabindex: "0", "aria-label": "The record as JSON" }, JSON.stringify(value, null, 2));
}

function overview(record) {
  const rows = [
    ["API", record.api],
    ["Tenant", record.tenants?.length > 1 ? record.tenants.join(", ") : record.tenant],
    ["Asked for", record.asked],
    ["Model", record.model && record.upstreamModel && record.upstreamModel !== record.model ? `${record.model}, upstream as ${record.upstreamModel}` : record.model],
    ["Cluster", record.cluster],
    ["Then", record.chain?.slice(1).join(", then ")],
    ["Rule", record.rule],
    ["Variant", record.variant],
    ["Kept by", record.keptBy],
    ["Copy to", record.mirror],
    ["Changed", record.changed?.join(", ")],
    ["Left out", record.excluded?.map((one) => `${one.model} (${one.reason})`).join(", ")],
    ["Unreadable", record.unreadable?.join(", ")],
    ["Demoted", record.demoted?.join(", ")],
    ["Reason", record.reason],
  ];
  const shown = rows.filter(([, value]) => value);
  return h("dl", { class: "overview" }, shown.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function facts({ api, path, bytes, asked, inputTokens, maxOutputTokens, messages, flags, unreadable, keywords, besides, session }) {
  const rows = [
    ["path", path],
    ["api", api],
    ["asked", asked],
    ["input tokens", inputTokens === undefined ? undefined : `about ${inputTokens}`],
    ["max output tokens", maxOutputTokens],
    ["messages", messages],
    ["bytes", bytes],
    ["is so", flags?.join(", ")],
    ["unreadable", unreadable?.join(", ")],
    ["keywords", keywords?.join(", ")],
    ["names besides", besides?.join(", ")],
    ["session from", session?.from],
  ];
  const shown = rows.filter(([, value]) => value !== undefined && value !== "");
  return h("ul", { class: "chips" }, shown.map(([name, value]) => h("li", {}, h("span", { class: "name" }, name), ` ${value}`)));
}

const TENANT = {
  matched: ["yes", "The caller is it"],
  failed: ["no", "Not it"],
  unclear: ["open", "Cannot be said"],
  notReached: ["idle", "Not asked"],
};

const RULE = {
  matched: ["yes", "Decided"],
  failed: ["no", "Did not hold"],
  passedOn: ["open", "Passed on"],
  unknown: ["open", "Not known"],
  notReached: ["idle", "Not reached"],
};

function rules(all) {
  const decided = all.findIndex((rule) => rule.outcome === "matched");
  const idle = all.filter((rule) => rule.outcome === "notReached");
  const asked = all.filter((rule) => rule.outcome !== "notReached");
  const shown = asked.filter((rule, nth) => nth < MOST_RULES || rule.outcome !== "failed");
  const left = asked.length - shown.length;
  return [
    steps(shown, RULE),
    left > 0 && h("p", { class: "quiet" }, `${left} more did not hold.`),
    idle.length > 0 && h("p", { class: "quiet" }, `Not reached${decided < 0 ? "" : ", since one has decided"}: ${some(idle.map((rule) => rule.name))}.`),
  ];
}

function some(names) {
  const shown = names.slice(0, 8).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}

/** Rules or tenants with what came of each, and the first that did not hold. */
function steps(all, words) {
  const step = (one) => {
    const [mark, word] = words[one.outcome] ?? ["open", one.outcome];
    return h(
      "li",
      { class: `step ${mark}` },
      h("span", { class: "outcome" }, word),
      h("span", { class: "who" }, one.name),
      one.failed && failed(one.failed),
      one.unknown && h("span", { class: "why" }, `not known: ${one.unknown}`),
      one.profiles?.length > 0 && h("span", { class: "why" }, `with the limits of ${one.profiles.join(", ")}`),
      one.continues && h("span", { class: "why" }, "those behind it are tried as well"),
    );
  };
  return h("ol", { class: "steps" }, all.map(step));
}

function failed({ at, wanted, found, inside }) {
  if (inside?.length) {
    return h("span", { class: "why" }, h("code", {}, at), ": none of them holds", h("ul", {}, inside.map((one) => h("li", {}, failed(one)))));
  }
  const parts = [wanted && ` wants ${wanted}`, `${wanted ? "," : ""} found ${found ?? "nothing"}`];
  return h("span", { class: "why" }, h("code", {}, at), parts);
}

const CANDIDATE = {
  chosen: ["yes", "Chosen"],
  fallback: ["open", "Fallback"],
  mirror: ["open", "Gets a copy"],
  excluded: ["no", "Left out"],
  notChosen: ["idle", "Not chosen"],
};

function candidates({ candidates: all, currency }) {
  const hasCost = all.some((one) => one.cost);
  const row = (one) => {
    const [mark, word] = CANDIDATE[one.outcome] ?? ["open", one.outcome];
    const first = [one.reason, one.detail].filter(Boolean).join(": ");
    const why = [first, ...(one.further ?? [])].filter(Boolean).join("; ");
    return h(
      "tr",
      { class: mark },
      h("th", { scope: "row" }, one.model),
      h("td", {}, one.cluster),
      h("td", {}, h("span", { class: "outcome" }, one.attempt > 1 ? `${word}, attempt ${one.attempt}` : word)),
      h("td", {}, why),
      hasCost && h("td", { class: "figure" }, one.cost ? money(one.cost, currency) : "no price"),
    );
  };
  const heads = ["Model", "Cluster", "Outcome", "Why", hasCost && "Price, estimated"].filter(Boolean);
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "Candidates" },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, all.map(row))),
  );
}

function money({ micros, inputTokens, outputTokens }, currency) {
  const amount = (micros / 1e6).toFixed(6).replace(/0{1,4}$/, "");
  const title = `${inputTokens} tokens in, ${outputTokens} out`;
  return h("span", { title }, `${amount}${currency ? ` ${currency}` : ""}`, h("span", { class: "quiet" }, ` ${title}`));
}
