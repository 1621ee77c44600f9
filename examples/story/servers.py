"""The demo servers: told how to behave, and asked what they saw."""

import json
import urllib.request


class Servers:
    def __init__(self, control: str, models: dict[str, str]):
        """`models` names each server and the one model name that it should ever be asked for."""
        self._control, self._models = control, models
        self._before = dict.fromkeys(("models", "keys"), 0)

    def behave(self, server: str, behaviour: str) -> None:
        """As `pointsman demo --help` lists them."""
        request = urllib.request.Request(f"{self._control}/{server}", behaviour.encode(), method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def report(self) -> dict:
        with urllib.request.urlopen(self._control, timeout=10) as response:
            return json.load(response)

    def wrong(self) -> dict[str, int]:
        """Requests that named another server's model, and requests with a wrong or missing key, or one too many."""
        reports = self.report()
        seen = [
            (name, model, outcomes) for name, report in reports.items() for model, outcomes in report["models"].items()
        ]
        return {
            "models": sum(sum(outcomes.values()) for name, model, outcomes in seen if model != self._models[name]),
            "keys": sum(outcomes.get("401", 0) for _, _, outcomes in seen),
        }

    def wrong_since(self) -> dict[str, int]:
        """The same, since the last time."""
        now = self.wrong()
        since = {what: count - self._before[what] for what, count in now.items()}
        self._before = now
        return since

    def requests(self, server: str) -> int:
        return self.report()[server]["requests"]
