// What the published JSON Schema says of a place in a policy.

import { ITEM } from "./place.js";

const VARIABLE = "#/$defs/Substitution";

export class Schema {
  constructor(root) {
    this.root = root;
  }

  /** The schemas that a value at this path may have. */
  at(path) {
    return path.reduce((nodes, step) => nodes.flatMap((node) => this.inside(node, step)), this.alternatives(this.root));
  }

  /** The keys of the objects at this path: `[name, schema, isRequired]`. */
  keys(path) {
    const all = new Map();
    for (const node of this.at(path)) {
      for (const [name, schema] of Object.entries(node.properties ?? {})) {
        all.set(name, [name, schema, (node.required ?? []).includes(name)]);
      }
    }
    return [...all.values()];
  }

  /** The values that are possible at this path, where they can be listed. */
  values(path) {
    const values = new Set();
    for (const node of this.at(path)) {
      for (const value of node.enum ?? []) values.add(String(value));
      if (node.const !== undefined) values.add(String(node.const));
      if (node.type === "boolean") values.add("true").add("false");
    }
    return [...values];
  }

  /** What is said of the value at this path: its description, its kind and its default. */
  about(path) {
    const schema = this.property(path);
    if (!schema) return undefined;
    const nodes = this.alternatives(schema);
    const kinds = new Set(nodes.map(kindOf).filter(Boolean));
    const description = schema.description ?? nodes.find((node) => node.description)?.description;
    return { description, kind: [...kinds].join(" or "), default: schema.default };
  }

  property(path) {
    const name = path.at(-1);
    const found = this.at(path.slice(0, -1)).flatMap((node) => {
      const schema = node.properties?.[name] ?? (name === ITEM ? undefined : node.additionalProperties);
      return schema && typeof schema === "object" ? [schema] : [];
    });
    return found[0];
  }

  /** A schema as all that it may be, references followed. A variable is left out: it may stand anywhere. */
  alternatives(schema) {
    if (schema.$ref === VARIABLE) return [];
    if (schema.$ref) {
      const { $ref, ...more } = schema;
      const target = $ref.split("/").slice(1).reduce((at, step) => at?.[step], this.root);
      return target ? this.alternatives({ ...target, ...more }) : [];
    }
    const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
    return [schema, ...choices.flatMap((choice) => this.alternatives(choice))];
  }

  inside(node, step) {
    const next = step === ITEM ? node.items : (node.properties?.[step] ?? node.additionalProperties);
    return next && typeof next === "object" ? this.alternatives(next) : [];
  }
}

function kindOf(node) {
  if (node.enum) return "one of a few names";
  return { array: "list", integer: "whole number" }[node.type] ?? node.type;
}
