"""A provider is killed, hangs, is out of requests and is overloaded, and under steady load nobody notices."""

import pathlib
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from story.gateway import Gateway
from story.load import Answer, Load
from story.servers import Servers
from story.timeline import SPEED, Table, end, say

MODELS = {"openai": "gpt-4o-2024-11-20", "azure": "gpt-4o", "llama": "meta-llama/Llama-3.3-70B-Instruct"}
TABLE = Table("second", "requests", "openai", "azure", "llama", "failed", "attempts > 1", "wrong models", "wrong keys")
RATE, SESSIONS = 50, 100
# What the provider's rate limit says: come back in so many seconds.
RETRY_AFTER = max(2, round(4 / SPEED))
# For a provider that is well again, until the last conversation is back.
PATIENCE = 15


@dataclass(frozen=True)
class Outage:
    """Something that happens to the first provider."""

    behaviour: str
    seconds: float
    begins: str
    # Said in the first second in which openai is not tried, and when it behaves again.
    left_out: str
    ends: str


OUTAGES = [
    Outage(
        "refuse", 5, "openai is killed: its port is closed, its connections are broken. Envoy's retry goes to azure",
        "openai is ejected after five failures in a row: requests go to azure at once, without an attempt there",
        "openai is started again; Envoy lets it back when the ejection is over",
    ),
    Outage(
        "hang", 4, "openai hangs: it takes requests and says nothing. After 500 ms Envoy asks azure instead",
        "openai is ejected: nobody waits for it any more, but for a try after each ejection",
        "openai answers again",
    ),
    Outage(
        f"429,retryAfter={RETRY_AFTER}", RETRY_AFTER / 2,
        f"openai says 429, Retry-After: {RETRY_AFTER}. That is no outage, so Envoy does not eject it",
        f"Pointsman leaves gpt-4o out for {RETRY_AFTER} seconds: the rule's other target serves, with one attempt",
        "openai would answer again, but the time that it asked for is not over",
    ),
    Outage(
        "529", 3, "openai is overloaded, 529: one more attempt each, since a busy provider is not a broken one",
        "openai is left out",
        "openai has room again",
    ),
]  # fmt: skip


@dataclass
class Story:
    load: Load
    servers: Servers
    began: float = field(default_factory=time.monotonic)
    second: int = 0
    # The model of each conversation before anything happened.
    home: dict[int, str] = field(default_factory=dict)
    total: Counter = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def next_second(self) -> list[Answer]:
        """Waits for its end, prints its line, and returns the answers that came in it."""
        self.second += 1
        time.sleep(max(0.0, self.began + self.second - time.monotonic()))
        return self.line(self.second)

    def line(self, label: object) -> list[Answer]:
        answers, wrong = self.load.take(), self.servers.wrong_since()
        by_server = Counter(answer.server for answer in answers)
        outcomes = Counter(answer.outcome for answer in answers)
        retried = sum(answer.attempt > 1 for answer in answers)
        TABLE.row(
            label,
            len(answers),
            *(by_server[name] for name in MODELS),
            outcomes["failed"],
            retried,
            wrong["models"],
            wrong["keys"],
        )
        for why, count in Counter(answer.why for answer in answers if answer.why).items():
            say(f"{count} times: {why}")
        self.total.update({"requests": len(answers), "retried": retried, **outcomes, **wrong})
        return answers

    def for_seconds(self, seconds: float, each: Callable[[list[Answer]], None] = lambda _: None) -> None:
        """At least that long, in whole seconds, told as fast as the reader wants."""
        for _ in range(max(2, round(seconds / SPEED))):
            each(self.next_second())

    def calm(self) -> None:
        say(f"{RATE} requests per second in {SESSIONS} conversations: 4 of 5 live on openai, the others on llama")
        seconds = round(5 / SPEED)
        while self.second < seconds or (len(self.home) < SESSIONS and self.second < PATIENCE):
            self.home.update({answer.session: answer.model for answer in self.next_second()})

    def suffer(self, outage: Outage) -> None:
        say(outage.begins)
        self.servers.behave("openai", outage.behaviour)
        is_told = False

        def watch(answers: list[Answer]) -> None:
            nonlocal is_told
            if not is_told and answers and all(answer.server != "openai" and answer.attempt == 1 for answer in answers):
                is_told = True
                say(outage.left_out)

        self.for_seconds(outage.seconds, watch)
        say(outage.ends)
        self.servers.behave("openai", "ok")
        self.come_home()

    def come_home(self) -> None:
        for _ in range(PATIENCE):
            answers = self.next_second()
            if answers and all(answer.model == self.home.get(answer.session) for answer in answers):
                return say("every conversation is back where it was")
        self.problems.append(f"{PATIENCE} seconds after second {self.second - PATIENCE}, conversations are not back")

    def judge(self) -> None:
        total = self.total
        names = {"failed": "requests failed", "models": "wrong model names", "keys": "wrong keys"}
        self.problems += [f"{total[what]} {name}" for what, name in names.items() if total[what]]
        if not total["retried"]:
            self.problems.append("no request had a second attempt: nothing was shown")
        end(
            f"{total['requests']} requests in {self.second} s: {total['answered']} answered, {total['failed']} failed, "
            f"{total['cut']} cut off in their answer, {total['retried']} with more than one attempt\n"
            f"wrong model names at any provider: {total['models']}, wrong keys: {total['keys']}",
            self.problems,
        )


def main() -> None:
    with Gateway(HERE) as gateway:
        print(f"Envoy {gateway.envoy} in front of openai, azure and llama; a request for `auto` may be tried on each\n")
        TABLE.head()
        with Load(gateway.url, "auto", RATE, SESSIONS) as load:
            story = Story(load, Servers(gateway.control, MODELS))
            story.calm()
            for outage in OUTAGES:
                story.suffer(outage)
            load.stop()
            story.line("end")
        story.judge()


if __name__ == "__main__":
    main()
