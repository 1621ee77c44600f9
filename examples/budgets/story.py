"""When its money ends, one team goes on with a cheaper model; when its requests end, another waits."""

import http.client
import json
import pathlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from story.gateway import Gateway
from story.timeline import SPEED, Table, end, say

# As in `policy.yaml`: in any window, so much money for `large`, so many requests.
WINDOW, MICROS, REQUESTS = 10.0, 4000, 30
TABLE = Table("second", "finance: large", "finance: small", "interns: served", "interns: 429", "longest Retry-After")
RATES = {"finance": 12, "interns": 6}
STEPS, STEP_SECONDS = max(4, round(6 / SPEED)), 4
# When Envoy has decided is known to a client within this.
UNSURE = 0.5
OUTPUT = 6


@dataclass(frozen=True)
class Answer:
    """What became of a request."""

    team: str
    at: float
    status: int
    model: str = ""
    # Of `large`, in millionths.
    micros: int = 0
    wait: int = 0


def ask(address: str, team: str) -> Answer:
    at = time.monotonic()
    body = {"model": "large", "max_tokens": OUTPUT, "messages": [{"role": "user", "content": "Which train? " * 3}]}
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        headers = {"content-type": "application/json", "x-team": team}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            return Answer(team, at, response.status, wait=int(response.getheader("retry-after") or 0))
        model, usage = response.getheader("x-pointsman-model"), json.loads(text)["usage"]
        micros = round(usage["prompt_tokens"] * 2.5 + usage["completion_tokens"] * 10) if model == "large" else 0
        return Answer(team, at, 200, model, micros)
    except (OSError, http.client.HTTPException):
        return Answer(team, at, 0)
    finally:
        connection.close()


def most(amounts: list[tuple[float, int]]) -> int:
    """The most in any window, as short as it can have been."""
    amounts.sort()
    most, begin, now = 0, 0, 0
    for at, amount in amounts:
        now += amount
        while amounts[begin][0] <= at - (WINDOW - UNSURE):
            now -= amounts[begin][1]
            begin += 1
        most = max(most, now)
    return most


def row(second: int, answers: list[Answer]) -> None:
    finance = [answer.model for answer in answers if answer.team == "finance"]
    statuses = [answer.status for answer in answers if answer.team == "interns"]
    wait = max((answer.wait for answer in answers), default=0)
    TABLE.row(second, finance.count("large"), finance.count("small"), statuses.count(200), statuses.count(429), wait)


def judge(answers: list[Answer]) -> None:
    of = {team: [answer for answer in answers if answer.team == team] for team in RATES}
    money = most([(answer.at, answer.micros) for answer in of["finance"]])
    requests = most([(answer.at, 1) for answer in of["interns"] if answer.status == 200])
    refused = [answer for answer in of["interns"] if answer.status == 429]
    small = sum(answer.model == "small" for answer in of["finance"])
    problems = [f"finance got status {answer.status}" for answer in of["finance"] if answer.status != 200]
    problems += [f"interns got status {answer.status}" for answer in of["interns"] if answer.status not in (200, 429)]
    if not small or not any(answer.model == "large" for answer in of["finance"]):
        problems.append("finance was not served by both models")
    if not refused or not all(1 <= answer.wait <= WINDOW for answer in refused):
        problems.append("interns were not told when to come back")
    again = [answer for answer in of["interns"] if answer.status == 200 and refused and answer.at > refused[0].at]
    if refused and not again:
        problems.append("interns were not served again")
    # Every request says how long its answer may be, so what is set aside is what is used: nothing is beyond the limit.
    if money > MICROS:
        problems.append(f"finance used {money} millionths in a window")
    if requests > REQUESTS:
        problems.append(f"interns had {requests} requests in a window")
    end(
        f"finance: {len(of['finance'])} requests, none refused, {small} by `small`; "
        f"at most EUR {money / 1e6:.6f} of 0.004000 in a window\n"
        f"interns: {len(of['interns'])} requests, {len(refused)} refused with 429; "
        f"at most {requests} of {REQUESTS} in a window",
        problems,
    )


def main() -> None:
    with Gateway(HERE, reads_answers=True) as gateway, ThreadPoolExecutor(20) as calls:
        print(f"Envoy {gateway.envoy} with two workers, and two teams that ask for `large`\n")
        TABLE.head()
        say(f"finance asks {RATES['finance']} times a second, interns {RATES['interns']}: both more than they may")
        address, began = urlsplit(gateway.url).netloc, time.monotonic()
        asked, answers = dict.fromkeys(RATES, 0), []
        for step in range(1, STEPS + 1):
            step_asked = []
            while (passed := time.monotonic() - began) < step * STEP_SECONDS:
                for team, rate in RATES.items():
                    if asked[team] < passed * rate:
                        asked[team] += 1
                        step_asked.append(calls.submit(ask, address, team))
                time.sleep(0.01)
            answers += (latest := [call.result() for call in step_asked])
            row(step * STEP_SECONDS, latest)
        judge(answers)


if __name__ == "__main__":
    main()
