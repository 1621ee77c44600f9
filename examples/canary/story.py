"""A new model gets a growing share of the conversations, by changes of the policy under load, and nobody moves
twice."""

import pathlib
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from story.gateway import Gateway
from story.load import Answer, Load
from story.servers import Servers
from story.timeline import SPEED, Table, end, say

MODELS = {"stable": "example/support-1.4", "canary": "example/support-2.0", "lab": "example/support-3.0-preview"}
OLD, NEW = "support-1", "support-2"
TABLE = Table(
    "second",
    "rollout",
    "requests",
    "on the canary",
    "moved",
    "needlessly",
    "failed",
    "copies to the lab",
    "wrong models",
    "wrong keys",
)
STEPS = (0, 5, 20, 50, 100)
RATE = 60
# Each conversation speaks once in four seconds, so a step is a bit longer.
SESSIONS = round(4 * RATE / SPEED)


@dataclass
class Story:
    gateway: Gateway
    load: Load
    servers: Servers
    policy: pathlib.Path
    began: float = field(default_factory=time.monotonic)
    # Where each conversation was last.
    places: dict[int, str] = field(default_factory=dict)
    copies: int = 0
    total: Counter = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def change(self, percent: int) -> None:
        text, changes = re.subn(r"(rollout: .*percent: )\d+", rf"\g<1>{percent}", self.policy.read_text())
        assert changes == 1, f"{self.policy} has {changes} rollouts"
        self.policy.write_text(text)

    def step(self, percent: int) -> None:
        if percent != STEPS[0]:
            say(f"policy.yaml: percent: {percent}. `pointsman run` hands it to Envoy; no restart, no connection lost")
            self.gateway.taken_over(lambda: self.change(percent))
        # Every conversation speaks once under the new policy, on whatever worker it is.
        time.sleep(SESSIONS / RATE + 0.5)
        self.line(percent, self.load.take())

    def line(self, percent: int, answers: list[Answer]) -> None:
        moved, needlessly = self.moves(answers)
        seen, wrong = list(self.places.values()), self.servers.wrong_since()
        share = 100 * seen.count(NEW) / max(1, len(seen))
        copies = self.servers.requests("lab")
        outcomes = Counter(answer.outcome for answer in answers)
        failed = outcomes["failed"] + outcomes["cut"]
        TABLE.row(
            round(time.monotonic() - self.began), f"{percent} %", len(answers), f"{share:.1f} %", moved, needlessly,
            failed, copies - self.copies, wrong["models"], wrong["keys"],
        )  # fmt: skip
        for why, count in Counter(answer.why for answer in answers if answer.why).items():
            say(f"{count} times: {why}")
        self.copies = copies
        self.total.update(
            {"requests": len(answers), "moved": moved, "needlessly": needlessly, "failed": failed, **wrong}
        )
        # Of a few hundred draws, a share is this near with a probability that no test run will see fail.
        if abs(share - percent) > 100 * 5 * (percent / 100 * (1 - percent / 100) / len(seen)) ** 0.5:
            self.problems.append(f"{share:.1f} % of the conversations are on the canary, and the policy says {percent}")

    def moves(self, answers: list[Answer]) -> tuple[int, int]:
        """How many conversations changed their model, and how many of the changes no policy asked for: a growing share
        takes conversations from the old model to the new one, each of them once."""
        moved = needlessly = 0
        movers: set[int] = set()
        for answer in sorted(answers, key=lambda answer: answer.started):
            if answer.outcome != "answered":
                continue
            before = self.places.get(answer.session, answer.model)
            self.places[answer.session] = answer.model
            if answer.model != before:
                moved += 1
                needlessly += (before, answer.model) != (OLD, NEW) or answer.session in movers
                movers.add(answer.session)
        return moved, needlessly

    def judge(self) -> None:
        total = self.total
        names = {
            "failed": "requests failed",
            "needlessly": "conversations moved needlessly",
            "models": "wrong model names",
            "keys": "wrong keys",
        }
        self.problems += [f"{total[what]} {name}" for what, name in names.items() if total[what]]
        if not self.copies:
            self.problems.append("no copy came to the lab")
        if total["moved"] != SESSIONS:
            self.problems.append(f"{total['moved']} moves of {SESSIONS} conversations")
        end(
            f"{total['requests']} requests in {SESSIONS} conversations: {total['failed']} failed; "
            f"{total['moved']} moves, {total['needlessly']} of them needless\n"
            f"{self.copies} copies went to the lab, and nobody waited for its answers\n"
            f"wrong model names at any server: {total['models']}, wrong keys: {total['keys']}",
            self.problems,
        )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pointsman-canary-") as folder:
        # A copy, since the story edits the policy.
        copy = shutil.copytree(HERE, pathlib.Path(folder) / "canary")
        with Gateway(copy) as gateway:
            print(
                f"Envoy {gateway.envoy} in front of three versions of a model: "
                f"{OLD}, the canary {NEW}, and one in the lab\n"
            )
            TABLE.head()
            say(f"{RATE} requests per second in {SESSIONS} conversations; copies of a tenth of them go to the lab")
            with Load(gateway.url, "support", RATE, SESSIONS) as load:
                story = Story(gateway, load, Servers(gateway.control, MODELS), copy / "policy.yaml")
                for percent in STEPS:
                    story.step(percent)
            story.judge()


if __name__ == "__main__":
    main()
