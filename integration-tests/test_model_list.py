"""`GET /v1/models` is answered at the edge: what this tenant may use, in the client's shape."""

import pytest

POLICY = {
    "models": [
        {"name": "gpt-a", "cluster": "provider"},
        {"name": "gpt-b", "cluster": "provider", "labels": {"region": "eu"}},
        {"name": "claude", "cluster": "provider", "labels": {"region": "eu"}},
    ],
    "aliases": [{"name": "auto"}, {"name": "old-a", "model": "gpt-a"}, {"name": "gpt-3*", "model": "gpt-a"}],
    "tenants": [
        {"name": "all", "match": {"headers": [{"name": "x-team", "value": "all"}]}},
        {"name": "gpts", "match": {"headers": [{"name": "x-team", "value": "gpts"}]}, "models": {"allow": ["gpt-*"]}},
        {
            "name": "eu",
            "match": {"headers": [{"name": "x-team", "value": "eu"}]},
            "models": {"require": {"region": "eu"}},
        },
        {
            "name": "not-claude",
            "match": {"headers": [{"name": "x-team", "value": "no"}]},
            "models": {"deny": ["claude"]},
        },
    ],
    "rules": [
        {"name": "auto", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "claude"}, {"model": "gpt-a"}]}}
    ],
}


def listed(edge, team: str, path: str = "/v1/models", *headers):
    return edge.ask(path, None, [("x-team", team), *headers], method="GET")


def names(seen) -> set[str]:
    return {model["id"] for model in seen.response.json()["data"]}


@pytest.mark.parametrize(
    ("team", "models"),
    [
        ("all", {"gpt-a", "gpt-b", "claude"}),
        ("gpts", {"gpt-a", "gpt-b"}),
        ("eu", {"gpt-b", "claude"}),
        ("no", {"gpt-a", "gpt-b"}),
    ],
)
def test_each_tenant_sees_the_models_it_may_use(edge, team, models):
    seen = listed(edge, team)
    assert (seen.status, seen.response.header("content-type"), seen.reached) == (200, "application/json", [])
    assert names(seen) - {"auto", "old-a"} == models
    assert seen.response.json()["object"] == "list"


def test_aliases_are_listed_where_they_lead_to_a_model_that_may_be_used(edge):
    assert {"auto", "old-a"} <= names(listed(edge, "all"))
    assert "old-a" not in names(listed(edge, "eu"))


def test_patterns_are_no_names(edge):
    assert "gpt-3*" not in names(listed(edge, "all"))


def test_one_model_is_described(edge):
    model = listed(edge, "gpts", "/v1/models/gpt-a").response.json()
    assert (model["id"], model["object"]) == ("gpt-a", "model")


@pytest.mark.parametrize("name", ["claude", "nobody"])
def test_a_model_out_of_reach_and_one_that_is_not_there_look_the_same(edge, name):
    seen = listed(edge, "gpts", f"/v1/models/{name}")
    assert (seen.status, seen.response.json()["error"]["code"], seen.reached) == (404, "model_not_found", [])


def test_anthropics_clients_get_anthropics_shape(edge):
    seen = listed(edge, "all", "/v1/models", ("anthropic-version", "2023-06-01"))
    assert {"gpt-a", "claude"} <= names(seen)
    assert all(model["type"] == "model" for model in seen.response.json()["data"])
    assert seen.response.json()["has_more"] is False


def test_an_unknown_caller_gets_nothing(edge):
    seen = listed(edge, "strangers")
    assert (seen.status, seen.record["reason"], seen.reached) == (403, "unknownTenant", [])


def test_the_list_names_the_policys_version(edge):
    seen = listed(edge, "all")
    assert seen.response.header("x-pointsman-policy") == seen.record["policy"]
    assert seen.record["action"] == "models"


def test_a_large_list_is_whole(started):
    models = [{"name": f"model-{number:04}", "cluster": "provider"} for number in range(2000)]
    edge = started(policy={"models": models})
    assert len(names(edge.ask("/v1/models", None, [], method="GET"))) == 2000
    edge.assert_healthy()
