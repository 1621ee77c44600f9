"""Random policies and requests from a seed: valid ones, odd ones, ones that two rules want."""

import json
import random

APIS = {
    "chatCompletions": "/v1/chat/completions",
    "completions": "/v1/completions",
    "embeddings": "/v1/embeddings",
    "responses": "/v1/responses",
    "countInputTokens": "/v1/responses/input_tokens",
    "messages": "/v1/messages",
    "countTokens": "/v1/messages/count_tokens",
    "ollamaChat": "/api/chat",
    "ollamaGenerate": "/api/generate",
}
CLUSTERS = ["c0", "c1", "c2"]
NAMES = ["gpt-large", "gpt-small", "claude", "llama", "lab-1"]
ASKED = [*NAMES, "auto", "gpt-old", "claude-3-haiku", "nobody", "GPT-large"]
CAPABILITIES = ["tools", "vision", "audio", "structuredOutput", "reasoning"]
TEAMS = ["red", "blue", "green"]
WORDS = ["contract", "train", "non disclosure", "platform", "Gleis", "東京"]
PROFILES = {"eu": {"models": {"require": {"region": "eu"}}}, "short": {"maxOutputTokens": 100}, "none": {}}
CLAIM = {"name": "roles", "contains": "reviewer"}
LABELS = {"region": ["eu", "us"], "tier": ["premium", "basic"]}


def some(chance: random.Random, items: list, least: int = 0) -> list:
    return chance.sample(items, chance.randint(least, len(items)))


def maybe(chance: random.Random, share: float, **fields) -> dict:
    return {name: make() for name, make in fields.items() if chance.random() < share}


def labels(chance: random.Random) -> dict:
    return {name: chance.choice(values) for name, values in LABELS.items() if chance.random() < 0.6}


def bounds(chance: random.Random, most: int) -> dict:
    low, high = sorted(chance.sample(range(1, most), 2))
    return chance.choice([{"min": low}, {"max": high}, {"min": low, "max": high}])


def model(chance: random.Random, name: str) -> dict:
    optional = maybe(
        chance,
        0.4,
        upstreamModel=lambda: f"{name}-{chance.randint(1, 9)}",
        apis=lambda: some(chance, list(APIS), 4),
        contextWindow=lambda: chance.choice([50, 500, 100_000]),
        capabilities=lambda: some(chance, CAPABILITIES),
        labels=lambda: labels(chance),
        cost=lambda: {"inputPerMillion": chance.randint(1, 9), "outputPerMillion": chance.randint(1, 40)},
    )
    return {"name": name, "cluster": chance.choice(CLUSTERS), **optional}


def tenant(chance: random.Random, team: str, names: list[str]) -> dict:
    usable = maybe(
        chance,
        0.5,
        allow=lambda: some(chance, [*names, "*-*", "*", group(chance)], 1),
        deny=lambda: some(chance, [*names, group(chance)], 1)[:2],
        require=lambda: {"region": chance.choice(LABELS["region"])},
    )
    by_team = {"headers": [{"name": "x-team", "value": team}]}
    by_app = {"headers": [{"name": "x-app", "type": "Prefix", "value": chance.choice(["se", "sea"])}]}
    match = chance.choice([by_team, by_team, {"any": [by_team, by_app]}, {**by_team, "any": [by_app]}])
    optional = maybe(
        chance,
        0.3,
        profiles=lambda: some(chance, list(PROFILES), 1),
        maxOutputTokens=lambda: chance.randint(1, 3000),
    )
    return {
        "name": team,
        "match": match,
        "continue": chance.random() < 0.4,
        "labels": {"team": team, "region": chance.choice(LABELS["region"])},
        **optional,
        **({"models": usable} if usable else {}),
    }


def group(chance: random.Random) -> dict:
    return {"labels": {"region": chance.choice(LABELS["region"])}}


def schedule(chance: random.Random) -> dict:
    made = {"days": some(chance, ["mon-wed", "thu", "fri-sun", "sat-mon"], 1)[:3]}
    if chance.random() < 0.6:
        made["hours"] = chance.choice(["09:00-18:00", "22:00-06:00", "00:00-12:00"])
        made["timeZone"] = chance.choice(["UTC", "+05:30", "Europe/Berlin", "America/New_York"])
    return made if "hours" in made or len(made["days"]) == 1 else {"days": ["mon-thu"]}


def header(chance: random.Random) -> dict:
    kind, value = chance.choice([("Exact", "search"), ("Prefix", "se"), ("RegularExpression", "^s.*h$")])
    return {"name": "x-app", "type": kind, "value": value}


def expression(chance: random.Random) -> str:
    """Some that wait for the body, some that headers settle, some that come to nothing."""
    terms = [
        f"facts.inputTokens > {chance.randint(1, 200)}",
        f"facts.messages <= {chance.randint(1, 5)}",
        f"facts.maxOutputTokens >= {chance.randint(1, 2000)}",
        "facts.tools != facts.stream",
        "has(facts.maxOutputTokens) ? facts.images : facts.reasoning",
        "request.headers['x-app'] == 'search'",
        "request.headers['x-app'].split(',').exists(app, app.startsWith('se'))",
        "'x-app' in request.headers",
        "request.model.matches('^(gpt|claude)-')",
        "request.api in ['messages', 'chatCompletions']",
        f"tenant.name == '{chance.choice(TEAMS)}'",
        "1000 / facts.messages > 300",
        "principal == ''",
        "jwt.team == 'red'",
    ]
    one, other = chance.sample(terms, 2)
    return chance.choice([one, f"!({one})", f"{one} && {other}", f"{one} || {other}"])


def conditions(chance: random.Random, names: list[str], tenants: list[str], depth: int = 0) -> dict:
    match = maybe(
        chance,
        0.22,
        apis=lambda: some(chance, list(APIS), 2),
        models=lambda: some(chance, ["auto", "gpt-*", "*", *names], 1),
        headers=lambda: [header(chance)],
        paths=lambda: [{"type": "Prefix", "value": chance.choice(["/v1", "/api", "/v1/chat"])}],
        inputTokens=lambda: bounds(chance, 200),
        maxOutputTokens=lambda: bounds(chance, 2000),
        messages=lambda: bounds(chance, 6),
        keywords=lambda: some(chance, WORDS, 1),
        when=lambda: expression(chance),
        **{
            name: lambda: chance.random() < 0.5
            for name in ("stream", "tools", "images", "audio", "structuredOutput", "reasoning")
        },
    )
    match |= maybe(
        chance,
        0.1,
        percent=lambda: chance.choice([0, 20, 50, 80, 100]),
        schedule=lambda: schedule(chance),
    )
    if tenants and chance.random() < 0.3:
        match["tenants"] = some(chance, tenants, 1) + chance.choice([[], ["*e*"]])
    elif tenants and chance.random() < 0.2:
        match["tenantLabels"] = {"team": chance.choice(tenants)}
    if chance.random() < 0.05:
        match["claims"] = [CLAIM]
    if depth < 3:
        more = [conditions(chance, names, tenants, depth + 1) for _ in range(chance.choice([0, 0, 0, 1, 2]))]
        if any_of := [one for one in more if one]:
            match["any"] = any_of
        if chance.random() < 0.2 and (none_of := conditions(chance, names, tenants, depth + 1)):
            match["not"] = none_of
    return match


def targets(chance: random.Random, names: list[str]) -> list[dict]:
    kinds = [
        [{"model": name} for name in some(chance, names, 1)],
        [{"labels": {"region": region}} for region in LABELS["region"]],
        [{"model": names[0]}, {"model": "*"}],
    ]
    return chance.choice([kinds[0], kinds[0], *kinds])


def rule(chance: random.Random, number: int, names: list[str], tenants: list[str]) -> dict:
    match = conditions(chance, names, tenants)
    if chance.random() < 0.2:
        return {
            "name": f"rule-{number}",
            "match": match,
            "deny": {"status": chance.choice([403, 429, 451]), "message": "not so"},
        }
    route = {"targets": targets(chance, names)}
    route |= maybe(chance, 0.4, otherwise=lambda: chance.choice(["next", "next", "deny"]))
    if chance.random() < 0.3:
        # No chain of models: not every installation has a cluster for it.
        route |= {"prefer": chance.choice(["first", "cheapest", "cheapest"]), "fallback": []}
    else:
        for target in route["targets"]:
            target["weight"] = chance.randint(1, 100)
        route |= maybe(chance, 0.3, sticky=lambda: {"header": "x-session-id"})
    return {"name": f"rule-{number}", "match": match, "route": route}


def policy(chance: random.Random) -> dict:
    names = some(chance, NAMES, 2)
    teams = some(chance, TEAMS)
    models = [model(chance, name) for name in names]
    for one, region in zip(models, LABELS["region"]):  # every label that a tenant may require is there
        one["labels"] = {**one.get("labels", {}), "region": region}
    fallback = {"model": chance.choice(names)}
    failure = maybe(
        chance,
        0.3,
        unparseable=lambda: chance.choice(["deny", "pass"]),
        unsupportedApi=lambda: chance.choice(["deny", "pass"]),
        unknownTenant=lambda: chance.choice(["deny", "allow"]),
        **{name: lambda: chance.choice(["deny", fallback]) for name in ("unknownModel", "missingModel", "noCandidate")},
    )
    return {
        "models": models,
        "aliases": [
            {"name": "auto"},
            {"name": "gpt-old", "model": names[0]},
            {"name": "claude-3-*", "model": names[-1]},
        ],
        "profiles": [{"name": name, **profile} for name, profile in PROFILES.items()],
        "tenants": [tenant(chance, team, names) for team in teams],
        "rules": [rule(chance, number, names, teams) for number in range(chance.randint(0, 6))],
        "default": {"action": chance.choice(["allow", "allow", "allow", "deny"])},
        "onFailure": failure,
        "limits": {"maxDepth": chance.choice([16, 128])},
    }


def policy_with_fallback(chance: random.Random) -> dict:
    """A random policy in which requests have more than one model to go to, by a rule or by the model asked for."""
    made = policy(chance)
    names = [one["name"] for one in made["models"]]
    for one in made["models"]:
        one["fallback"] = some(chance, [name for name in names if name != one["name"]])[:3]
    for one in made["rules"]:
        route = one.get("route")
        if not route:
            continue
        if chance.random() < 0.7:
            route["fallback"] = [*some(chance, names)[:3], *([group(chance)] if chance.random() < 0.3 else [])]
        if chance.random() < 0.3:
            by = chance.choice(["session", "tenant"])
            route["rollout"] = {"model": chance.choice(names), "percent": chance.choice([0, 30, 100]), "by": by}
        if chance.random() < 0.4:
            route["mirror"] = {"model": chance.choice(names), "percent": chance.choice([50, 100])}
    return made


def text(chance: random.Random) -> str:
    return " ".join(
        chance.choices([*WORDS, "the", "a", "is", "late\n", "\U0001f682"], k=chance.choice([1, 5, 40, 400]))
    )


def turn(chance: random.Random, role: str) -> dict:
    if chance.random() < 0.7:
        return {"role": role, "content": text(chance)}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "QUJD" * chance.randint(1, 500)}}
    sound = {"type": "input_audio", "input_audio": {"data": "QUJD" * 20, "format": "wav"}}
    anthropic = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD" * 30}}
    return {
        "role": role,
        "content": [{"type": "text", "text": text(chance)}, chance.choice([picture, sound, anthropic])],
    }


def payload(chance: random.Random) -> dict:
    """The members of a body: whatever any of the APIs knows, so that each API meets members of the others."""
    roles = ["user", "assistant"] * 4
    optional = maybe(
        chance,
        0.3,
        stream=lambda: chance.random() < 0.5,
        max_tokens=lambda: chance.randint(1, 3000),
        max_output_tokens=lambda: chance.randint(1, 3000),
        tools=lambda: chance.choice(
            [[], [{"type": "function", "function": {"name": "f", "description": text(chance)}}]]
        ),
        response_format=lambda: {"type": chance.choice(["text", "json_object", "json_schema"])},
        reasoning_effort=lambda: chance.choice(["none", "low", "high"]),
        reasoning=lambda: {"effort": chance.choice(["none", "low"])},
        thinking=lambda: {"type": chance.choice(["enabled", "disabled"]), "budget_tokens": 100},
        system=lambda: text(chance),
        instructions=lambda: text(chance),
        modalities=lambda: some(chance, ["text", "audio"]),
        options=lambda: {"num_predict": chance.randint(1, 3000)},
        metadata=lambda: {"model": "inner", "deep": [[[{}]]]},
    )
    content = {
        "messages": [turn(chance, role) for role in roles[: chance.randint(0, 7)]],
        "input": chance.choice([text(chance), [text(chance), text(chance)], [turn(chance, "user")]]),
        "prompt": text(chance),
    }
    wanted = {name: content[name] for name in content if chance.random() < 0.6}
    named = {} if chance.random() < 0.07 else {"model": chance.choice(ASKED)}
    members = list({**named, **wanted, **optional}.items())
    chance.shuffle(members)
    return dict(members)


def spoil(chance: random.Random, body: bytes) -> bytes:
    """Now and then a body that cannot be read, or must not be."""
    if chance.random() > 0.12:
        return body
    return chance.choice(
        [
            body[: chance.randrange(len(body))],
            body + b"{}",
            body[:-1] + b',"model":"llama"}',
            body[:-1] + b',"Model":"llama"}',
            body[:-1] + b',"deep":' + b"[" * 30 + b"]" * 30 + b"}",
            b"\xef\xbb\xbf" + body,
            body.replace(b"e", b"\xff", 1),
        ]
    )


def request(chance: random.Random) -> tuple[str, str, list[tuple[str, str]], bytes]:
    """Method, path, headers and body."""
    if chance.random() < 0.05:
        return "GET", chance.choice(["/v1/models", "/v1/models/claude", "/v1/models/nobody"]), team(chance), b""
    path = chance.choice(list(APIS.values()))
    if chance.random() < 0.04:
        path = chance.choice([path + "/", "/" + path, "/openai/deployments/d/chat/completions", "/v1/videos"])
    headers = [("content-type", chance.choice(["application/json"] * 15 + ["text/plain"])), *team(chance)]
    headers += [("x-app", chance.choice(["search", "sea", "other"]))] if chance.random() < 0.5 else []
    headers += [("x-session-id", str(chance.randint(1, 5)))] if chance.random() < 0.4 else []
    body = json.dumps(payload(chance), ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1])).encode()
    return "POST", path, headers, spoil(chance, body)


def team(chance: random.Random) -> list[tuple[str, str]]:
    return [("x-team", chance.choice([*TEAMS, "strangers"]))] if chance.random() < 0.9 else []
