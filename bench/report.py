"""How results are printed: Markdown tables that read well in a terminal too."""

import dataclasses
import json


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells):
        first, *rest = [
            cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(cells, widths))
        ]
        return "| " + " | ".join([first, *rest]) + " |"

    rule = (
        "| " + " | ".join("-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)) + " |"
    )
    return "\n".join([line(head), rule, *map(line, rows)])


def verdict(value: float, budget: float, unit: str = "") -> str:
    """The figure, its budget, and whether it holds."""
    return f"{value:.2f}{unit} (budget {budget:g}{unit}: {'met' if value <= budget else 'MISSED'})"


def as_json(value) -> str:
    return json.dumps(
        value, indent=1, default=lambda one: dataclasses.asdict(one) if dataclasses.is_dataclass(one) else str(one)
    )
