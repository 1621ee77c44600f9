// Where in a YAML document a position is: the keys that lead to it, read from the lines before it.
//
// Not from a syntax tree: where completions are wanted the text is not finished, and a tree of it says little. What this reads is
// the shape of policies: block and flow collections, comments, quoted texts and block texts.

/** Stands in a path for any item of a list. */
export const ITEM = "[]";

const KEY = /^("[^"]*"|'[^']*'|[^\s#&*!|>'"%@`{}[\],-][^:#{}[\],]*?|-[^\s:#{}[\],][^:#{}[\],]*?)\s*:(?=\s|$)/;

/**
 * The place at the end of `text`, which is a document up to there: the path of what it is in, whether a key could begin there,
 * whether a value could, the word so far, and the keys that stand before it in the same object.
 */
export function placeAt(text) {
  const reader = new Reader();
  const lines = text.split("\n");
  const last = lines.pop();
  for (const line of lines) reader.line(line);
  return reader.end(last);
}

class Reader {
  /** Block collections that are open: `{ indent, step, keys }`. */
  blocks = [];
  /** Flow collections that are open: `{ isObject, key, word, keys }`. */
  flows = [];
  rootKeys = new Set();
  /** The indentation of a key whose value is a block text. */
  textBelow = undefined;
  quote = "";

  line(line) {
    const indent = line.length - line.trimStart().length;
    const isBlank = line.trim() === "" || line.trimStart().startsWith("#");
    if (this.flows.length === 0) {
      if (isBlank || (this.textBelow !== undefined && indent > this.textBelow)) return;
      this.textBelow = undefined;
      const { rest } = this.heads(line);
      this.flow(rest);
      if (/^[|>][+-]?\d?\s*(#.*)?$/.test(rest.trim())) this.textBelow = this.blocks.at(-1)?.indent ?? 0;
    } else {
      this.flow(`${line}\n`);
    }
  }

  /** Takes dashes and a key from the beginning of a line; comes back with what is behind them. */
  heads(line) {
    let column = line.length - line.trimStart().length;
    let rest = line.slice(column);
    while (/^-(\s|$)/.test(rest)) {
      this.close((open) => open.indent > column || (open.indent === column && open.step === ITEM));
      this.blocks.push({ indent: column, step: ITEM, keys: new Set() });
      const width = rest.length - rest.slice(1).trimStart().length;
      column += width;
      rest = rest.slice(width);
    }
    const key = KEY.exec(rest);
    if (!key) return { rest, column, hasKey: false };
    this.close((open) => open.indent >= column);
    const name = unquoted(key[1]);
    this.keysHere().add(name);
    this.blocks.push({ indent: column, step: name, keys: new Set() });
    return { rest: rest.slice(key[0].length), column, hasKey: true };
  }

  close(isOver) {
    while (this.blocks.length > 0 && isOver(this.blocks.at(-1))) this.blocks.pop();
  }

  keysHere() {
    return this.flows.at(-1)?.keys ?? this.blocks.at(-1)?.keys ?? this.rootKeys;
  }

  /** Reads what may open and close flow collections. A plain text outside of them opens none. */
  flow(text) {
    if (this.flows.length === 0 && !/^\s*[{[]/.test(text)) return;
    const first = this.flows.length === 0 ? text.length - text.trimStart().length : 0;
    for (let at = first; at < text.length; at += 1) {
      const letter = text[at];
      const top = this.flows.at(-1);
      if (this.quote) {
        if (letter === this.quote) this.quote = "";
        else if (top) top.word += letter;
      } else if (letter === "#" && /\s/.test(text[at - 1] ?? " ")) {
        const end = text.indexOf("\n", at);
        if (end < 0) return;
        at = end;
      } else if ((letter === '"' || letter === "'") && top?.word.trim() === "") {
        this.quote = letter;
      } else if (letter === "{" || letter === "[") {
        this.flows.push({ isObject: letter === "{", key: undefined, word: "", keys: new Set() });
      } else if (!top) {
        return;
      } else if (letter === "}" || letter === "]") {
        this.flows.pop();
      } else if (letter === ",") {
        Object.assign(top, { key: undefined, word: "" });
      } else if (letter === ":" && top.isObject && top.key === undefined && /[\s,}\]]|^$/.test(text[at + 1] ?? "")) {
        top.key = unquoted(top.word.trim());
        top.keys.add(top.key);
        top.word = "";
      } else {
        top.word += letter;
      }
    }
  }

  end(line) {
    const indent = line.length - line.trimStart().length;
    if (this.flows.length > 0) return this.endInFlow(line);
    if (line.trim() !== "" && this.textBelow !== undefined && indent > this.textBelow) return undefined;
    const { rest, column, hasKey } = this.heads(line);
    if (/(^|\s)#/.test(rest)) return undefined;
    this.flow(rest);
    if (this.flows.length > 0) return this.endInFlow("");
    if (hasKey) {
      const isWord = /^\s+[^\s{[|>&*!"']*$/.test(rest);
      return isWord ? this.found({ isValue: true, word: rest.trim() }) : undefined;
    }
    if (/\s/.test(rest.trim()) || /^[{["'|>]/.test(rest)) return undefined;
    this.close((open) => open.indent > column || (open.indent === column && (open.step !== ITEM || rest !== "")));
    // What stands below a key, further in, is its value; a list's items may stand right below their key.
    return this.found({ isKey: true, isValue: this.blocks.at(-1)?.step === ITEM, word: rest });
  }

  endInFlow(line) {
    this.flow(line);
    const top = this.flows.at(-1);
    if (!top || this.quote) return undefined;
    const word = top.word.trimStart();
    if (/\s/.test(word)) return undefined;
    const isKey = top.isObject && top.key === undefined;
    return this.found({ isKey, isValue: !isKey, word });
  }

  found({ isKey = false, isValue = false, word }) {
    const path = this.blocks.map((block) => block.step);
    for (const { isObject, key } of this.flows) {
      if (!isObject) path.push(ITEM);
      else if (key !== undefined) path.push(key);
    }
    return { path, isKey, isValue, word, keys: this.keysHere() };
  }
}

function unquoted(key) {
  return /^(".*"|'.*')$/.test(key) ? key.slice(1, -1) : key;
}
