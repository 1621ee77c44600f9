"""What a decision was made of stands in its record, and is enough to take it again, under another policy."""

import json
import subprocess

from harness import locations

POLICY = {
    "record": "facts",
    "models": [
        {"name": "large", "cluster": "a", "cost": {"inputPerMillion": 10, "outputPerMillion": 20}},
        {"name": "small", "cluster": "b", "capabilities": [], "cost": {"inputPerMillion": 1, "outputPerMillion": 2}},
    ],
    "aliases": [{"name": "auto"}],
    "tenants": [{"name": "team", "match": {"headers": [{"name": "x-team", "value": "a"}]}}],
    "rules": [
        {"name": "secret", "match": {"keywords": ["aurora"]}, "deny": {"status": 451}},
        {
            "name": "shared",
            "match": {"models": ["auto"]},
            "route": {"targets": [{"model": "large"}, {"model": "small"}], "sticky": {"header": "x-session"}},
        },
    ],
    "onFailure": {"unknownTenant": "allow"},
}
STREAMS = {"name": "streams", "match": {"models": ["auto"], "stream": True}, "route": {"targets": [{"model": "small"}]}}


def say(edge, text: str, session: str = "1", **more):
    headers = [("x-team", "a"), ("x-session", session)]
    return edge.chat("auto", headers=headers, messages=[{"role": "user", "content": text}], **more).record


def test_a_record_holds_numbers_and_no_text(edge):
    record = say(edge, "What is the plan for project Aurora, in confidence?")
    facts = record["facts"]
    assert (record["rule"], facts["messages"], facts["flags"]["stream"]) == ("secret", 1, False)
    assert facts["inputTokens"] > 0 and facts["bytes"] > 50
    assert facts["headers"] == {"x-team": {"value": "a"}, "x-session": {"hash": facts["headers"]["x-session"]["hash"]}}
    assert list(facts["keywords"].values()) == [True]
    assert "confidence" not in json.dumps(record)


def test_what_the_proxy_has_decided_is_decided_again(edge, tmp_path):
    records = [say(edge, f"Hello {nth}", session=str(nth), stream=nth % 2 == 0) for nth in range(20)]
    records.append(say(edge, "aurora"))
    assert {record.get("model") for record in records} == {"large", "small", None}
    traffic = tmp_path / "traffic.jsonl"
    traffic.write_text("".join(json.dumps(record) + "\n" for record in records))

    def replay(policy: dict) -> dict:
        file = tmp_path / "policy.json"
        file.write_text(json.dumps(policy))
        command = [locations.cli(), "replay", file, traffic, "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    same = replay(POLICY)["figures"]
    assert (same["compared"], same["moved"], same["unknown"]) == (21, 0, 0)
    streams = replay({**POLICY, "rules": [POLICY["rules"][0], STREAMS, POLICY["rules"][1]]})
    were_large = sum(record.get("model") == "large" for record in records[0:20:2])
    assert (streams["figures"]["moved"], streams["figures"]["unknown"]) == (were_large, 0)
    assert streams["rules"]["streams"]["after"] == 10
