// The project's examples: a policy each, and the cases that its folder is tested with as requests to try.

import { h } from "./dom.js";

export class ExampleMenu {
  constructor(menu, cases, examples, chosen) {
    Object.assign(this, { menu, cases, examples, chosen });
    this.fillMenu(menu, examples, "Examples …");
    menu.addEventListener("change", () => this.show(menu.value));
    cases.addEventListener("change", () => this.showCase(cases.value));
  }

  fillMenu(menu, all, title) {
    const options = all.map((one, nth) => h("option", { value: String(nth) }, one.name));
    menu.replaceChildren(h("option", { value: "", disabled: true, hidden: true }, title), ...options);
  }

  /** What a visitor sees who brings nothing along. */
  first() {
    const quickstart = this.examples.findIndex((example) => example.name === "quickstart");
    this.show(String(Math.max(quickstart, 0)));
  }

  /** What stands there is from elsewhere. */
  none() {
    this.menu.value = "";
    this.example = undefined;
    this.fillMenu(this.cases, [], "Requests …");
    this.cases.value = "";
    this.cases.disabled = true;
  }

  show(nth) {
    this.example = this.examples[Number(nth)];
    if (!this.example) return;
    this.menu.value = nth;
    this.fillMenu(this.cases, this.example.cases, "Requests …");
    this.cases.disabled = this.example.cases.length === 0;
    this.cases.value = this.example.cases.length ? "0" : "";
    this.chosen({ ...this.example.cases[0], policy: this.example.policy });
  }

  showCase(nth) {
    const chosen = this.example?.cases[Number(nth)];
    if (chosen) this.chosen({ ...chosen, policy: undefined });
  }
}
