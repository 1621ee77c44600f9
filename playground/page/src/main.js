// The page: what is typed goes to the engine, and what that says is shown.

import { decision, headline } from "./decision.js";
import { h } from "./dom.js";
import { goTo, policyEditor, requestEditor, sentence, setDark, setFindings, setText } from "./editor.js";
import { embeddedJson } from "./embedded.js";
import { ask } from "./engine.js";
import { ExampleMenu } from "./examples.js";
import { Inputs } from "./inputs.js";
import { Schema } from "./schema.js";
import { MAX_LINK, fragment, inputsOf } from "./share.js";
import { followTheme } from "./theme.js";

/** How long a pause in typing is. */
const PAUSE_MS = 120;

const at = (id) => document.getElementById(id);
const schema = new Schema(embeddedJson("schema"));

const check = whenPaused(async (isLast) => {
  const answer = await ask("check", policy.state.doc.toString());
  if (isLast()) showFindings(answer);
});

const explain = whenPaused(async (isLast) => {
  try {
    const { policy: text, request: typed } = texts();
    const question = { policy: text, request: typed, ...inputs.question() };
    const answer = await ask("explain", JSON.stringify(question));
    if (isLast()) showDecision(answer);
  } catch (wrong) {
    if (isLast()) showDecision({ fault: wrong });
  }
});

const policy = policyEditor(at("policy"), schema, () => {
  check();
  explain();
});
const request = requestEditor(at("request"), () => explain());
const inputs = new Inputs(() => explain());
const menu = new ExampleMenu(at("example"), at("case"), embeddedJson("examples"), (given) => {
  // What stands here is no link's any more.
  history.replaceState(null, "", location.pathname + location.search);
  fill(given);
});

/** Runs when nothing was typed for a moment; `isLast` says whether something was meanwhile. */
function whenPaused(run) {
  let timer;
  let last = 0;
  return () => {
    clearTimeout(timer);
    const mine = ++last;
    timer = setTimeout(() => run(() => mine === last), PAUSE_MS);
  };
}

function texts() {
  return { policy: policy.state.doc.toString(), request: request.state.doc.toString(), ...inputs.texts };
}

/** Of an example, a case or a link: what it does not say of the policy stays. */
function fill(given) {
  if (given.policy !== undefined) setText(policy, given.policy);
  setText(request, given.request ?? "");
  inputs.texts = given;
  check();
  explain();
}

function showFindings({ error, version, findings = [] }) {
  const open = findings.filter((finding) => !finding.allowed);
  setFindings(policy, open);
  const counts = ["error", "warning", "note"].map((severity) => [severity, open.filter((finding) => finding.severity === severity).length]);
  const words = counts.filter(([, count]) => count > 0).map(([severity, count]) => `${count} ${severity}${count > 1 ? "s" : ""}`);
  const allowed = findings.length - open.length;
  if (allowed > 0) words.push(`${allowed} allowed`);
  const verdict = error ? `The engine stopped: ${error}` : version ? `Valid, version ${version.slice(0, 12)}` : "Not valid";
  at("verdict").textContent = [verdict, ...words].join(" · ");
  at("verdict").className = version ? "fine" : "wrong";
  at("findings").replaceChildren(...open.map(finding));
}

function finding(one) {
  const place = one.line ? `line ${one.line}` : "the file";
  const go = () => goTo(policy, one);
  const button = h("button", { type: "button", class: "link", onclick: go }, place);
  const more = one.severity !== "error" && h("details", {}, h("summary", {}, `${one.code}: ${one.title}`), one.explanation);
  return h("li", { class: one.severity }, h("span", { class: "severity" }, one.severity), " ", button, " ", sentence(one), more);
}

function showDecision({ error, fault, trace, tellsTime }) {
  inputs.show(fault);
  const wrong = error ?? (fault && (fault.field === "policy" ? "The policy is not valid yet: mend its errors first." : `${fault.field}: ${fault.message}`));
  at("at-note").hidden = tellsTime !== false;
  at("headline").textContent = wrong ?? headline(trace?.record);
  at("headline").className = wrong ? "open" : { route: "yes", deny: "no" }[trace?.record.action] ?? "open";
  at("decision").replaceChildren(...(wrong ? [] : decision(trace)));
}

async function share() {
  const hash = await fragment(texts());
  const said = at("shared");
  if (hash.length > MAX_LINK) {
    said.textContent = `Too long for a link: ${hash.length.toLocaleString("en")} letters of ${MAX_LINK.toLocaleString("en")}. Shorten the policy or the request.`;
    return;
  }
  history.replaceState(null, "", hash);
  const size = `${(hash.length / 1000).toFixed(1)} of ${MAX_LINK / 1000} thousand letters`;
  try {
    await navigator.clipboard.writeText(location.href);
    said.textContent = `Link copied (${size}). Who has it can read all that stands here.`;
  } catch {
    said.textContent = `The address is the link now: copy it (${size}). Who has it can read all that stands here.`;
  }
}

async function open() {
  try {
    const given = await inputsOf(location.hash);
    if (given) {
      menu.none();
      return fill(given);
    }
  } catch (error) {
    at("shared").textContent = `This link cannot be opened: ${error.message}.`;
  }
  return menu.first();
}

function listApis() {
  for (const api of schema.values(["rules", "[]", "match", "apis", "[]"])) at("api").append(h("option", { value: api }, api));
}

listApis();
followTheme(at("theme"), (isDark) => [policy, request].forEach((view) => setDark(view, isDark)));
at("share").addEventListener("click", share);
addEventListener("hashchange", open);
open();
