"""Which combinations of the worlds a test runs in, when it does not run in all of them.

What differs between worlds (the Envoy, the hold mode, the protocol, the policy) is a factor with a few levels. A
fault needs one level of one factor, or two of two that meet, far more often than three. So the cases of a group are
spread: each runs in a few combinations that are as unlike each other as can be, and in every group each two levels
of two factors meet. Nothing is random: a test runs in the same combinations everywhere.
"""

import dataclasses
import itertools
import os
from collections.abc import Hashable, Iterable, Sequence

import pytest

WHOLE = bool(os.environ.get("POINTSMAN_WHOLE"))
"""The whole product, as `make test-all` wants it."""

Combination = tuple[Hashable, ...]


def spread(
    cases: Sequence[Hashable], combinations: Sequence[Combination], runs: int
) -> set[tuple[Hashable, Combination]]:
    """Which case of a group runs in which combination: each in `runs` of them, more if the group is too small to let
    all pairs meet."""
    missing = {pair for combination in combinations for pair in _pairs(combination)}
    used = dict.fromkeys(combinations, 0)
    chosen: dict[Hashable, list[Combination]] = {case: [] for case in cases}
    runs = min(runs, len(combinations))
    for number, case in enumerate(itertools.cycle(cases)):
        if number >= runs * len(cases) and not missing:
            break
        met = set(itertools.chain.from_iterable(map(enumerate, chosen[case])))
        free = [combination for combination in combinations if combination not in chosen[case]]
        best = max(free, key=lambda one: (len(set(enumerate(one)) - met), len(missing & _pairs(one)), -used[one]))
        chosen[case].append(best)
        used[best] += 1
        missing -= _pairs(best)
    return {(case, combination) for case, combinations in chosen.items() for combination in combinations}


def _pairs(combination: Combination) -> set:
    """Each two levels that meet in it; a single factor's levels are met alone."""
    places = list(enumerate(combination))
    return set(itertools.combinations(places, 2)) if len(places) > 1 else set(places)


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where a collected test stands: what is tested, and in which world."""

    test: str
    group: str
    case: str
    combination: Combination

    @classmethod
    def of(cls, item: pytest.Item, factors: Sequence[str]) -> "_Place":
        parameters = item.callspec.params
        combination = tuple(level for factor in factors for level in _levels(parameters[factor]))
        rest = {name: value for name, value in parameters.items() if name not in factors}
        group = next((value.group for value in rest.values() if hasattr(value, "group")), "")
        case = repr(sorted((name, str(value)) for name, value in rest.items()))
        return cls(f"{item.path}::{item.originalname}", group, case, combination)


def _levels(value: object) -> Iterable[Hashable]:
    """A world is an Envoy and a hold mode, and in failover a mechanism: a factor each."""
    if dataclasses.is_dataclass(value):
        return dataclasses.astuple(value)
    return value if isinstance(value, tuple) else (value,)


def left_out(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests that are marked `pairwise` and stand in a combination that others of their group run in."""
    places = {}
    for item in items:
        if not WHOLE and (marker := item.get_closest_marker("pairwise")):
            places[item] = (_Place.of(item, marker.args), marker.kwargs.get("runs", 2))
    grouped: dict[tuple, list[_Place]] = {}
    for place, runs in places.values():
        grouped.setdefault((place.test, place.group, runs), []).append(place)
    wanted = set()
    for (test, group, runs), members in grouped.items():
        cases, combinations = (
            list(dict.fromkeys(values))
            for values in zip(*((one.case, one.combination) for one in members), strict=True)
        )
        wanted |= {_Place(test, group, *one) for one in spread(cases, combinations, runs)}
    return [item for item, (place, _) in places.items() if place not in wanted]


def left_to_other_files(items: Iterable[pytest.Item], levels: tuple[Sequence, Sequence]) -> list[pytest.Item]:
    """Most files run in one world, which their names spread over all of them. Those that are about how the factors go
    together say `EVERY_WORLD`; tests that are marked `pairwise` have been spread already. What is not found is a fault
    of one Envoy or one hold mode alone, in what no file of another world looks at: that is for `make test-all`, before
    a release."""
    worlds = list(itertools.product(*levels))

    def is_left(item: pytest.Item) -> bool:
        world = item.callspec.params.get("world") if hasattr(item, "callspec") else None
        if WHOLE or world not in worlds:
            return False
        if item.get_closest_marker("pairwise") or getattr(item.module, "EVERY_WORLD", False):
            return False
        return worlds.index(world) != sum(item.path.name.encode()) % len(worlds)

    return [item for item in items if is_left(item)]
