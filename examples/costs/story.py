"""Three teams use three models, and what Envoy counted is what the records of the requests add up to."""

import http.client
import json
import pathlib
import re
import sys
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import urlsplit

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from story.gateway import Gateway
from story.timeline import SPEED, Table, end, say

TEAMS, MODELS = ("finance", "research", "support"), ("large", "medium", "small")
TABLE = Table("second", "requests", "tokens in", "tokens out", "cost of finance", "cost of research", "cost of support")
RATE, STEPS, STEP_SECONDS = 30, 5, 4 / SPEED
RECORD = re.compile(r"Z +200 .* -> (\S+) on .*; (\d+) \+ (\d+) tokens, cost ([0-9.]+)")
SERIES = re.compile(r"pointsman_(requests|tokens|cost_micros)_total\{(.*)\} (\d+)$", re.MULTILINE)


def ask(address: str, nth: int) -> int:
    """A request of one team for one model, every other one streamed; its status."""
    body = {"model": MODELS[nth // 3 % 3], "messages": [{"role": "user", "content": "Which train? " * (1 + nth % 7)}]}
    if nth % 2:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    connection = http.client.HTTPConnection(address, timeout=20)
    headers = {"content-type": "application/json", "x-team": TEAMS[nth % 3]}
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def counted(admin: str) -> Counter:
    """What Envoy's statistics say, by what, team and model."""
    with urllib.request.urlopen(f"{admin}/stats/prometheus", timeout=10) as response:
        text = response.read().decode()
    found: Counter = Counter()
    for name, labels, value in SERIES.findall(text):
        label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        what = label["gen_ai_token_type"] if name == "tokens" else name
        found[what, label["tenant"], label["model"]] += int(value)
    return found


def total(found: Counter, what: str, team: str | None = None, model: str | None = None) -> int:
    return sum(n for (w, t, m), n in found.items() if w == what and team in (None, t) and model in (None, m))


def money(micros: int) -> str:
    return f"{Decimal(micros) / 1_000_000:.6f}"


def recorded(lines: list[str]) -> Counter:
    """What the records that `pointsman run` prints add up to, by what and model."""
    found: Counter = Counter()
    for match in filter(None, map(RECORD.search, lines)):
        model, tokens_in, tokens_out, cost = match.groups()
        found["requests", model] += 1
        found["input", model] += int(tokens_in)
        found["output", model] += int(tokens_out)
        found["cost_micros", model] += int(Decimal(cost) * 1_000_000)
    return found


def row(label: object, found: Counter) -> None:
    costs = [money(total(found, "cost_micros", team)) for team in TEAMS]
    TABLE.row(label, *(total(found, what) for what in ("requests", "input", "output")), *costs)


def judge(gateway: Gateway, found: Counter, statuses: list[int]) -> None:
    records = recorded(gateway.records)
    problems = [f"{n} answers with status {s}" for s, n in Counter(statuses).items() if s != 200]
    for what in ("requests", "input", "output", "cost_micros"):
        for model in MODELS:
            seen, summed = total(found, what, model=model), records[what, model]
            if seen != summed or not seen:
                problems.append(f"{what} of {model}: Envoy counted {seen}, the records add up to {summed}")
    if total(found, "requests") != len(statuses):
        problems.append(f"{len(statuses)} requests were sent, and Envoy counted {total(found, 'requests')}")
    sums = {what: sum(n for (w, _), n in records.items() if w == what) for what in ("input", "output", "cost_micros")}
    end(
        f"{len(statuses)} requests were sent, half of them streamed\n"
        f"Envoy's statistics: {total(found, 'input')} + {total(found, 'output')} tokens, "
        f"EUR {money(total(found, 'cost_micros'))}\n"
        f"the sum of the records: {sums['input']} + {sums['output']} tokens, EUR {money(sums['cost_micros'])}",
        problems,
    )


def main() -> None:
    with Gateway(HERE, reads_answers=True) as gateway, ThreadPoolExecutor(20) as calls:
        print(f"Envoy {gateway.envoy} in front of three models with a price each\n")
        TABLE.head()
        say(f"{RATE} requests per second of three teams, whole and streamed, for every model")
        address, began, asked = urlsplit(gateway.url).netloc, time.monotonic(), []
        for step in range(1, STEPS + 1):
            while len(asked) < RATE * STEP_SECONDS * step:
                time.sleep(max(0.0, began + len(asked) / RATE - time.monotonic()))
                asked.append(calls.submit(ask, address, len(asked)))
            row(round(time.monotonic() - began), counted(gateway.admin))
        statuses = [call.result() for call in asked]
        # Records come through Envoy's log, which is written a little later.
        deadline = time.monotonic() + 15
        while len(gateway.records) < len(statuses) and time.monotonic() < deadline:
            time.sleep(0.1)
        found = counted(gateway.admin)
        row("end", found)
        for team in TEAMS:
            costs = [money(total(found, "cost_micros", team, model)) for model in MODELS]
            say(f"{team}: EUR {costs[0]} for large, {costs[1]} for medium, {costs[2]} for small")
        judge(gateway, found, statuses)


if __name__ == "__main__":
    main()
