"""The reference of a deployment file, from its published schema."""

import json

from harness import locations

SCHEMA = locations.REPOSITORY / "schema" / "deployment.schema.json"


HEAD = "| field | type | what | default |\n| --- | --- | --- | --- |\n"


def tables() -> str:
    """A heading and a table for the file and for each object in it, in the order in which fields lead to them."""
    schema = json.loads(SCHEMA.read_text())
    definitions = schema["$defs"]
    file = definitions[reference(schema)] if reference(schema) else schema
    waiting, done, parts = [("", file)], set(), []
    while waiting:
        place, definition = waiting.pop(0)
        rows, below = [], []
        for name, field in definition["properties"].items():
            target = reference(field)
            if target and "properties" in definitions[target] and target not in done:
                done.add(target)
                below.append((f"{place}.{name}".lstrip("."), definitions[target]))
            shown = [f"`{name}`", kind(field, definitions), sentence(field), default(name, field, definition)]
            rows.append(f"| {' | '.join(shown)} |\n")
        waiting = below + waiting
        title = f"## `{place}`" if place else "## The file"
        parts.append(f"{title}\n\n{definition.get('description', '')}\n\n{HEAD}{''.join(rows)}")
    return "\n".join(parts)


def reference(field: dict) -> str | None:
    found = field.get("$ref") or field.get("items", {}).get("$ref")
    return found.rpartition("/")[2] if found else None


def kind(field: dict, definitions: dict) -> str:
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if "items" in field:
        return f"list of {kind(field['items'], definitions)}" if "enum" not in field["items"] else "list"
    if target := reference(field):
        return kind(definitions[target], definitions) if "properties" not in definitions[target] else "object"
    return {"boolean": "true or false", "integer": "whole number"}.get(field.get("type"), field.get("type", "text"))


def sentence(field: dict) -> str:
    return field.get("description", "").replace("|", "\\|").replace("\n", " ")


def default(name: str, field: dict, definition: dict) -> str:
    if name in definition.get("required", []):
        return "required"
    value = field.get("default")
    return "" if value in (None, {}, []) else f"`{json.dumps(value)}`" if not isinstance(value, str) else f"`{value}`"
