"""Where the things under test are. Each place can be overridden by an environment variable; a missing one is a
failure."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MODULE = pathlib.Path(os.environ.get("POINTSMAN_WASM", REPOSITORY / "dist" / "pointsman.wasm"))
GATE_MODULE = pathlib.Path(os.environ.get("POINTSMAN_GATE_WASM", REPOSITORY / "dist" / "pointsman-gate.wasm"))
CLI = pathlib.Path(os.environ.get("POINTSMAN_CLI", REPOSITORY / "target" / "release" / "pointsman"))
SHARED = pathlib.Path(os.environ.get("POINTSMAN_SHARED", REPOSITORY.parent / "shared"))
FIXTURES = SHARED / "data" / "ecosystem" / "fixtures"
CRDS = SHARED / "data" / "ecosystem" / "crds"

OLDEST_ENVOY = "1.36.4"
NEWEST_ENVOY = "1.40.0"
ENVOY_VERSIONS = (OLDEST_ENVOY, NEWEST_ENVOY)


class Missing(AssertionError):
    """Something that `make setup`, `make wasm` or `make cli` provides is not there."""


def existing(path: pathlib.Path, remedy: str) -> pathlib.Path:
    if not path.exists():
        raise Missing(f"{path} is missing: {remedy}")
    return path


def envoy_binary(version: str) -> pathlib.Path:
    return existing(REPOSITORY / ".tools" / f"envoy-{version}" / "envoy" / "_bin" / "envoy", "run `make setup`")


def module() -> pathlib.Path:
    return existing(MODULE, "run `make wasm`")


def answers_module() -> pathlib.Path:
    """The module that looks at answers."""
    return existing(MODULE.with_name("pointsman-answers.wasm"), "run `make wasm`")


def module_for(policy: dict | None) -> pathlib.Path:
    policy = policy or {}
    pays = any("requests" not in budget for budget in policy.get("budgets", []))
    follows = pays or {"usage", "metrics"} & policy.keys() or "signedIds" in policy.get("providerState", {})
    follows = follows or policy.get("answerModel") == "asked"
    return answers_module() if follows else module()


def gate_module() -> pathlib.Path:
    return existing(GATE_MODULE, "run `make wasm`")


def trap_module() -> pathlib.Path:
    return existing(MODULE.with_name("pointsman-trap.wasm"), "run `make dist/pointsman-trap.wasm`")


def cli() -> pathlib.Path:
    return existing(CLI, "run `make cli`")


def fixtures() -> pathlib.Path:
    return existing(FIXTURES, "set POINTSMAN_SHARED to the folder that holds data/ecosystem")


def crds() -> pathlib.Path:
    return existing(CRDS, "set POINTSMAN_SHARED to the folder that holds data/ecosystem")


def tool(program: str) -> pathlib.Path:
    """helm or kubectl."""
    return existing(REPOSITORY / ".tools" / "helm-4.3.1" / program, "run `make setup`")


def prometheus(program: str) -> pathlib.Path:
    """prometheus or promtool, in the version that this machine could have."""
    found = sorted((REPOSITORY / ".tools").glob(f"prometheus-*/{program}"))
    return existing(found[-1] if found else REPOSITORY / ".tools" / "prometheus-VERSION" / program, "run `make setup`")


def redis() -> pathlib.Path:
    """redis-server, in the version that this machine could have."""
    found = sorted((REPOSITORY / ".tools").glob("redis-*/redis-server"))
    return existing(found[-1] if found else REPOSITORY / ".tools" / "redis-VERSION", "run `make redis`")


def ratelimit() -> pathlib.Path:
    """The rate limit service, which is built with Go."""
    found = sorted((REPOSITORY / ".tools" / "mesh").glob("ratelimit-*/ratelimit"))
    return existing(found[-1] if found else REPOSITORY / ".tools" / "mesh" / "ratelimit", "run `make mesh-setup`")
