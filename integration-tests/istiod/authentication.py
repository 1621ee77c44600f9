"""RequestAuthentication and AuthorizationPolicy: the filters in front of the plugins that know who is calling."""

from istiod.extensions import RBAC, TYPE
from istiod.resources import Mesh, Workload

JWT = TYPE + "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
PAYLOAD = "payload"
"""Where the claims of a verified token are in the metadata of `envoy.filters.http.jwt_authn`, whoever issued it."""


def jwt_filters(mesh: Mesh, workload: Workload) -> list[dict]:
    """One filter for all rules. A token that is there must be valid; none at all passes."""
    policies = mesh.applying_to("RequestAuthentication", workload)
    rules = sorted(
        (rule for policy in policies for rule in policy.spec.get("jwtRules", [])), key=lambda rule: rule["issuer"]
    )
    if not rules:
        return []
    names = [f"origins-{number}" for number in range(len(rules))]
    each = [any_of({"provider_name": name}, {"allow_missing": {}}) for name in names]
    alternatives = [{"provider_name": name} for name in names]
    requires = each[0] if len(each) == 1 else any_of(*alternatives, {"requires_all": {"requirements": each}})
    config = {
        "@type": JWT,
        "rules": [{"match": {"prefix": "/"}, "requires": requires}],
        "providers": {name: provider(rule) for name, rule in zip(names, rules, strict=True)},
        "bypass_cors_preflight": True,
    }
    return [{"name": "envoy.filters.http.jwt_authn", "typed_config": config}]


def any_of(*requirements: dict) -> dict:
    return {"requires_any": {"requirements": list(requirements)}}


def provider(rule: dict) -> dict:
    """Keys are inline: istiod fetches a `jwksUri` itself, unless it is told otherwise."""
    spaced = sorted({"permission", "scope", *rule.get("spaceDelimitedClaims", [])})
    built = {
        "issuer": rule["issuer"],
        "forward": rule.get("forwardOriginalToken", False),
        "payload_in_metadata": PAYLOAD,
        "normalize_payload_in_metadata": {"space_delimited_claims": spaced},
        "clear_route_cache": True,
        "local_jwks": {"inline_string": rule["jwks"]},
    }
    if "audiences" in rule:
        built["audiences"] = rule["audiences"]
    if "fromHeaders" in rule:
        built["from_headers"] = [
            {"name": one["name"], "value_prefix": one.get("prefix", "")} for one in rule["fromHeaders"]
        ]
    if "fromParams" in rule:
        built["from_params"] = rule["fromParams"]
    if "outputPayloadToHeader" in rule:
        built["forward_payload_header"] = rule["outputPayloadToHeader"]
    if "outputClaimToHeaders" in rule:
        claims = rule["outputClaimToHeaders"]
        built["claim_to_headers"] = [{"header_name": one["header"], "claim_name": one["claim"]} for one in claims]
    return built


def rbac_filters(mesh: Mesh, workload: Workload) -> list[dict]:
    """Denials first, then what is allowed. Only paths and methods of a rule are understood."""
    found = mesh.applying_to("AuthorizationPolicy", workload)
    filters = []
    for action in ("DENY", "ALLOW"):
        own = [policy for policy in found if policy.spec.get("action", "ALLOW") == action]
        if own:
            policies = {
                f"ns[{one.namespace}]-policy[{one.name}]-rule[{number}]": permissions(rule)
                for one in own
                for number, rule in enumerate(one.spec.get("rules", []))
            }
            config = {
                "@type": RBAC,
                "rules": {"action": action, "policies": policies},
                "shadow_rules_stat_prefix": "istio_dry_run_allow_",
            }
            filters.append({"name": "envoy.filters.http.rbac", "typed_config": config})
    return filters


def permissions(rule: dict) -> dict:
    wanted = [operation["operation"] for operation in rule.get("to", [])]
    return {
        "permissions": [{"and_rules": {"rules": rules(one)}} for one in wanted],
        "principals": [{"and_ids": {"ids": [{"any": True}]}}],
    }


def rules(operation: dict) -> list[dict]:
    built = []
    if methods := operation.get("methods"):
        exact = [{"header": {"name": ":method", "string_match": {"exact": method}}} for method in methods]
        built.append({"or_rules": {"rules": exact}})
    if paths := operation.get("paths"):
        built.append({"or_rules": {"rules": [{"url_path": {"path": string(path)}} for path in paths]}})
    return built


def string(wanted: str) -> dict:
    return {"prefix": wanted[:-1]} if wanted.endswith("*") else {"exact": wanted}
