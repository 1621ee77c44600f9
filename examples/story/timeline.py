"""What a story prints: a table as time goes by, and sentences where something happens."""

import os
import sys

# Tests have less time than readers: 2 tells the story in about half of it.
SPEED = float(os.environ.get("POINTSMAN_STORY_SPEED", "1"))


def say(sentence: str) -> None:
    print(f"   -- {sentence}", flush=True)


class Table:
    """Columns as wide as their titles."""

    def __init__(self, *titles: str):
        self._titles = titles

    def head(self) -> None:
        print("  ".join(self._titles), flush=True)

    def row(self, *cells: object) -> None:
        print(
            "  ".join(str(cell).rjust(len(title)) for title, cell in zip(self._titles, cells, strict=True)), flush=True
        )


def end(summary: str, problems: list[str]) -> None:
    """The last line, and the exit code."""
    print(f"\n{summary}", flush=True)
    for problem in problems:
        print(f"wrong: {problem}", flush=True)
    print("the story ends badly" if problems else "all is well", flush=True)
    sys.exit(1 if problems else 0)
