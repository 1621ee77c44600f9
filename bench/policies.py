"""The policies that are measured."""

import random

UPSTREAM_MODEL = "llama-small-2025"
TEAM = "search"


def catalog(cluster: str) -> dict:
    """Models, aliases and tenants that every measured policy shares. No context windows: whether a prompt fits into
    one is known only when all of it has been read."""
    names = ["gpt-4o", "gpt-4o-mini", "claude-haiku", "mistral-large"]
    return {
        "models": [
            {
                "name": name,
                "cluster": cluster,
                "cost": {"inputPerMillion": 2.5, "outputPerMillion": 10},
                "labels": {"tier": "premium", "region": "us"},
            }
            for name in names
        ]
        + [
            {
                "name": name,
                "cluster": cluster,
                "upstreamModel": UPSTREAM_MODEL,
                "labels": {"tier": "small", "region": "eu"},
            }
            for name in ["llama-small", "llama-small-b"]
        ],
        "aliases": [{"name": "auto"}, {"name": "claude-3-*", "model": "claude-haiku"}],
        "tenants": [
            {
                "name": "finance",
                "match": {"headers": [{"name": "x-team", "value": "finance"}]},
                "models": {"allow": ["gpt-*", "llama-*"], "require": {"region": "eu"}},
            },
            {"name": "search", "match": {"headers": [{"name": "x-team", "value": TEAM}]}, "models": {"allow": ["*"]}},
        ],
        "onFailure": {"unknownTenant": "allow"},
    }


def by_rules(count: int, cluster: str) -> dict:
    """`count` rules; the last one is the one that acts, so every other has to be found not to match.

    Three tenths name the caller's own tenant or the model asked for and fail on a second condition: an index that
    looks at one condition only would still have to try those.
    """
    chance = random.Random(count)
    shapes = [
        lambda i: {"models": [f"team-model-{i % 200}"], "headers": [{"name": "x-project", "value": f"project-{i}"}]},
        lambda i: {"models": [f"lab-{i % 50}-*"], "headers": [{"name": "x-project", "value": f"project-{i}"}]},
        lambda i: {"headers": [{"name": "x-team", "type": "Exact", "value": f"team-{i}"}]},
        lambda i: {"headers": [{"name": "x-project", "type": "Prefix", "value": f"project-{i}-"}]},
        lambda i: {
            "tenants": ["finance"],
            "models": [f"desk-{i % 200}"],
            "headers": [{"name": "x-desk", "value": f"desk-{i}"}],
        },
        lambda i: {"headers": [{"name": "x-team", "value": f"team-{i}"}], "models": ["auto", "gpt-*"]},
        lambda i: {"apis": ["embeddings"], "headers": [{"name": "x-project", "value": f"project-{i}"}]},
        lambda i: {"paths": [{"type": "Prefix", "value": f"/team-{i}/"}]},
        lambda i: {"tenants": ["search"], "headers": [{"name": "x-experiment", "value": f"arm-{i}"}]},
        lambda i: {"models": ["auto"], "headers": [{"name": "x-cost-center", "value": f"{100000 + i}"}]},
    ]
    rules = [
        {
            "name": f"rule-{i}",
            "match": shapes[i % len(shapes)](i),
            "route": {"targets": [{"model": chance.choice(["gpt-4o", "gpt-4o-mini", "mistral-large"])}]},
        }
        for i in range(count - 1)
    ]
    rules.append(
        {"name": "auto-goes-small", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "llama-small"}]}}
    )
    # Models that only rules speak of exist as aliases: clients may ask for them.
    names = sorted({name for rule in rules for name in rule["match"].get("models", [])} - {"auto", "gpt-*"})
    policy = catalog(cluster)
    policy["aliases"] += [{"name": name} for name in names]
    return policy | {"rules": rules}


def by_expressions(count: int, cluster: str) -> dict:
    """`count` rules: the last acts, each other has an expression, which no index can pass over: all are evaluated."""
    expression = "request.headers['x-project'] == 'project-{0}' || tenant.name in ['a{0}', 'b{0}']"
    policy = by_rules(1, cluster)
    rules = [
        {
            "name": f"expression-{i}",
            "match": {"models": ["auto"], "when": expression.format(i)},
            "route": {"targets": [{"model": "gpt-4o"}]},
        }
        for i in range(count - 1)
    ]
    return policy | {"rules": rules + policy["rules"]}


def every_fact(cluster: str) -> dict:
    """A policy that needs the prompt: every fact is read, keywords are searched, the conversation is sticky."""

    def rule(name, match, model="gpt-4o"):
        return {"name": name, "match": match, "route": {"targets": [{"model": model}]}}

    shared = catalog(cluster)
    for model in shared["models"]:
        model["contextWindow"] = 1000000
    return shared | {
        "rules": [
            rule("pictures", {"images": True}),
            rule("sound", {"audio": True}),
            rule("with-tools", {"tools": True}),
            rule("structured", {"structuredOutput": True}),
            rule("thinking", {"reasoning": True}),
            rule("long-answers", {"maxOutputTokens": {"min": 100000}}),
            rule("very-many-messages", {"messages": {"min": 100000}}),
            rule("huge", {"inputTokens": {"min": 10000000}}),
            rule("contracts", {"keywords": ["non disclosure agreement", "force majeure", "indemnification"]}),
            {
                "name": "the-rest",
                "match": {"models": ["auto"], "stream": False},
                "route": {
                    "targets": [{"model": "llama-small", "weight": 90}, {"model": "llama-small-b", "weight": 10}]
                },
            },
        ]
    }
