// The fields beside the request: who is calling, when, and what is known of models and budgets at that moment.

const NAMES = ["api", "principal", "claims", "at", "demoted", "spent"];

/** Of a time with its zone, or seconds since 1970, milliseconds. */
function moment(text) {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const hasZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$/i.test(text);
  const time = hasZone ? Date.parse(text) : NaN;
  if (Number.isNaN(time) || time <= 0) throw fault("at", "expected a time such as 2026-11-28T09:00:00+01:00, or seconds since 1970");
  return time;
}

function fault(field, message) {
  return Object.assign(new Error(message), { field });
}

function items(text) {
  return text.split(",").map((item) => item.trim()).filter(Boolean);
}

function balance(text) {
  const [, account, amount] = /^(.+)=\s*([0-9.]+)$/.exec(text) ?? [];
  if (!account || Number.isNaN(Number(amount))) throw fault("spent", `\`${text}\`: expected BUDGET=AMOUNT`);
  return [account.trim(), Number(amount)];
}

export class Inputs {
  constructor(changed) {
    this.fields = Object.fromEntries(NAMES.map((name) => [name, document.getElementById(name)]));
    for (const field of Object.values(this.fields)) field.addEventListener("input", changed);
  }

  /** As they were typed, for links. */
  get texts() {
    return Object.fromEntries(NAMES.map((name) => [name, this.fields[name].value]));
  }

  set texts(texts) {
    for (const name of NAMES) this.fields[name].value = texts[name] ?? "";
    if (!this.fields.api.value) this.fields.api.value = "chatCompletions";
    const isGiven = ["demoted", "spent"].some((name) => texts[name]);
    if (isGiven) document.getElementById("more").open = true;
  }

  /** As the engine takes them; throws a fault with the field that cannot be read. */
  question() {
    const { api, principal, claims, at, demoted, spent } = this.texts;
    return {
      api,
      principal: principal.trim(),
      claims,
      at: at.trim() ? moment(at.trim()) : Date.now(),
      demoted: items(demoted),
      spent: items(spent).map(balance),
    };
  }

  /** Shows what is wrong at its field, and takes back what was wrong before. */
  show(wrong) {
    for (const [name, field] of Object.entries(this.fields)) {
      const isWrong = wrong?.field === name;
      field.setAttribute("aria-invalid", String(isWrong));
      document.getElementById(`${name}-wrong`).textContent = isWrong ? wrong.message : "";
    }
  }
}
