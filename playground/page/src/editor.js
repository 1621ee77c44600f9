// The editors: CodeMirror, with what the check found at its lines.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightSpecialChars,
  hoverTooltip,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { completions, explanation } from "./completion.js";
import { requestLanguage } from "./requestLanguage.js";

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--key)" },
  { tag: [tags.string, tags.content], color: "var(--text-value)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--number)" },
  { tag: [tags.keyword, tags.labelName, tags.typeName, tags.meta], color: "var(--mark)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
]);

const dark = new Compartment();

/** Tab leaves the editor, as everywhere on the page; Ctrl-] and Ctrl-[ indent. */
const basics = [
  lineNumbers(),
  highlightSpecialChars(),
  history(),
  drawSelection(),
  EditorState.allowMultipleSelections.of(true),
  EditorState.tabSize.of(2),
  EditorView.lineWrapping,
  bracketMatching(),
  closeBrackets(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  syntaxHighlighting(colours),
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...completionKeymap,
    ...lintKeymap,
  ]),
];

function editor(parent, label, changed, extensions) {
  const listener = EditorView.updateListener.of((update) => update.docChanged && changed());
  return new EditorView({
    parent,
    extensions: [
      basics,
      dark.of([]),
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
      listener,
      ...extensions,
    ],
  });
}

export function policyEditor(parent, schema, changed) {
  return editor(parent, "Policy, as YAML", changed, [
    yaml(),
    indentOnInput(),
    lintGutter(),
    autocompletion({ override: [completions(schema)] }),
    hoverTooltip(explanation(schema)),
  ]);
}

export function requestEditor(parent, changed) {
  return editor(parent, "Request: a JSON body, or HTTP with headers", changed, [requestLanguage]);
}

/** CodeMirror's own parts, such as panels, are told as well. */
export function setDark(view, isDark) {
  view.dispatch({ effects: dark.reconfigure(EditorView.theme({}, { dark: isDark })) });
}

export function setText(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
}

/** Marks what was found. What has no line is shown at the first one. */
export function setFindings(view, findings) {
  const diagnostics = findings.map((finding) => {
    const { from, to } = place(view.state.doc, finding);
    const severity = { error: "error", warning: "warning" }[finding.severity] ?? "info";
    return { from, to, severity, source: finding.code, message: sentence(finding) };
  });
  view.dispatch(setDiagnostics(view.state, diagnostics.sort((a, b) => a.from - b.from)));
}

/** `rules[0].match: sentence`. */
export function sentence({ field, message }) {
  return field ? `${field}: ${message}` : message;
}

/** Goes to a finding. */
export function goTo(view, finding) {
  const { from } = place(view.state.doc, finding);
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
  view.focus();
}

/** Columns count letters as people do, and the editor counts as JavaScript does. */
function place(doc, { line = 1, column = 1 }) {
  const { from, to, text } = doc.line(Math.min(line, doc.lines));
  const before = [...text].slice(0, column - 1).join("").length;
  const start = Math.min(from + before, to);
  const word = /^("[^"]*"|'[^']*'|[^\s,\]}]+)/.exec(text.slice(start - from))?.[0].replace(/:$/, "") ?? "";
  return { from: start, to: Math.min(start + Math.max(word.length, 1), to) };
}
