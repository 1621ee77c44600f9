// Colours for requests: a request line and headers, if it begins with them, and JSON.

import { StreamLanguage } from "@codemirror/language";

const REQUEST_LINE = /^[A-Za-z]+ \S+ HTTP\/\S*$/;

export const requestLanguage = StreamLanguage.define({
  name: "request",
  startState: () => ({ part: "start" }),
  blankLine(state) {
    if (state.part === "headers") state.part = "body";
  },
  token(stream, state) {
    if (state.part === "start") {
      state.part = REQUEST_LINE.test(stream.string) ? "headers" : "body";
      if (state.part === "headers") {
        stream.eatWhile(/\S/);
        return "keyword";
      }
    }
    return state.part === "headers" ? header(stream) : json(stream);
  },
  languageData: { closeBrackets: { brackets: ["{", "[", '"'] } },
});

function header(stream) {
  if (stream.sol() && stream.match(/^[^:\s]+(?=:)/)) return "propertyName";
  stream.skipToEnd();
  return "string";
}

function json(stream) {
  if (stream.eatSpace()) return null;
  if (stream.match(/^"(?:[^"\\]|\\.)*"?(?=\s*:)/)) return "propertyName";
  if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
  if (stream.match(/^-?\d+(\.\d+)?([eE][+-]?\d+)?/)) return "number";
  if (stream.match(/^(true|false|null)\b/)) return "atom";
  stream.next();
  return null;
}
