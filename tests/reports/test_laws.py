"""What holds for every format, shown on its sample: who recognises it, how it is counted, what identifies a result.

A format that is new is taken in by its sample; a law that it cannot have stands in a table here, with the reason.
"""

import copy
import random
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.errors import Poison
from fixgate.events import Finding, Severity
from fixgate.reports.registry import ADAPTERS
from tests.reports.making import CODEC, encoded
from tests.reports.samples import (
    Path_,
    at,
    made_of,
    module_names,
    path_of,
    read_as,
    rebuilt,
    replaced,
    sample,
    walked,
)

LARGEST: Final = 900 * 1024
"""Bytes of a record at most: a message has one MiB."""
HUGE: Final = 10**400
"""An integer of JSON, and larger than any float."""
OTHERS: Final[tuple[Any, ...]] = (None, True, 7, HUGE, -1.5, "another", ["x"], {"x": 1})
EXTRA: Final = {"x-none-of-the-format": {"deep": [1, "two", None]}}
CHECKOUT: Final = "/home/runner/work/shop/shop/"
SEVERITIES: Final = re.compile(r"(?i)severity|level|priority|impact|cvss|score|risk|criticality")

MAPS: Final[Mapping[str, frozenset[str]]] = {
    "npm-audit": frozenset({"vulnerabilities", "advisories"}),
    "detect-secrets": frozenset({"results"}),
    "generic": frozenset({"mapping", "words", "constants", "severity", "status"}),
    "gosec": frozenset({"Golang errors"}),
    "sarif": frozenset({"fingerprints", "partialFingerprints", "messageStrings", "originalUriBaseIds"}),
}
"""Objects whose names are data: one name more is one thing more, not an unknown field."""
ALWAYS_RATED: Final[Mapping[str, str]] = {
    "sarif": "the standard has a default: warning (3.27.10)",
}
"""Formats whose results have a severity when they name none, and why."""

every_format = pytest.mark.parametrize("name", sorted(ADAPTERS))


def without_places(made: Iterable[Finding]) -> list[str]:
    """Findings in any order, without where in the report they stood."""
    return sorted(re.sub(r"original=Original\([^)]*\)", "", repr(finding)) for finding in made)


def keys(made: Iterable[Finding]) -> list[tuple[str, str]]:
    """What findings are known by."""
    return sorted((finding.fingerprint, finding.finding_id) for finding in made)


@cache
def made_of_sample(name: str) -> tuple[Finding, ...]:
    """The findings of a format's sample."""
    return made_of(sample(name))


def paths(value: Any) -> list[Path_]:
    """Where the findings of a report stand."""
    return [path_of(finding.original.pointer, value) for finding in made_of(value)]


# -- who -----------------------------------------------------------------------------------------------------------


def test_every_format_has_tests_of_its_own() -> None:
    """One that has none is not read."""
    assert {name.replace("-", "_") for name in ADAPTERS} <= set(module_names())


@every_format
def test_a_sample_is_recognised_by_its_own_adapter_alone(name: str) -> None:
    """By its content as by its name, with the same outcome."""
    value = sample(name)
    read = read_as(value)
    assert (read.format, len(made_of(value)) >= 3, read.rejected) == (name, True, ())
    assert read_as(value, name) == read
    assert len({key for key, _ in keys(made_of(value))}) >= 3


@every_format
def test_no_other_format_can_be_named_for_it(name: str) -> None:
    """Who names the wrong one is told so."""
    for other in set(ADAPTERS) - {name}:
        with pytest.raises(Poison, match="it is not"):
            read_as(sample(name), other)


# -- counts --------------------------------------------------------------------------------------------------------


@every_format
def test_a_result_that_is_there_twice_is_repeated(name: str) -> None:
    """Whatever holds it, if that is an array: one more result, no more findings."""
    value = sample(name)
    before, made = read_as(value), keys(made_of(value))
    for path in paths(value):
        if not path or not isinstance(path[-1], int):
            continue
        doubled = copy.deepcopy(value)
        at(doubled, path[:-1]).append(copy.deepcopy(at(value, path)))
        read = read_as(doubled)
        assert (read.results - before.results, read.repeated - before.repeated) == (1, 1), path
        assert keys(made_of(doubled)) == made, path


@every_format
def test_a_value_of_another_type_costs_no_more_than_its_result(name: str) -> None:
    """Every scalar, each other type, and a huge number: the report is refused, or has as many results as before."""
    value = sample(name)
    results = read_as(value).results
    for path, leaf in list(walked(value)):
        if isinstance(leaf, (dict, list)) or not path:
            continue
        for other in OTHERS:
            if type(other) is type(leaf) and other is not HUGE:
                continue
            try:
                read = read_as(replaced(value, path, other))
            except Poison:
                continue
            added_up = len(read.findings) + read.suppressed + read.passed + read.repeated + len(read.rejected)
            assert (read.results, added_up) == (results, results), (path, other)


# -- identity ------------------------------------------------------------------------------------------------------


def shuffled(value: Any, order: random.Random) -> Any:
    """The report with its results, and whatever holds them, in another order; and the fields of all objects."""
    held = {path[:end] for path in paths(value) for end in range(len(path)) if isinstance(path[end], int)}
    changed = copy.deepcopy(value)
    for path in sorted(held, key=len, reverse=True):
        order.shuffle(at(changed, path))
    return rebuilt(changed, fields=lambda _, held: dict(order.sample(list(held.items()), len(held))))


@every_format
@settings(max_examples=10)
@given(order=st.randoms(use_true_random=False))
def test_another_order_changes_nothing(name: str, order: random.Random) -> None:
    """Fingerprints, ids, and everything else that a finding says."""
    value = sample(name)
    changed = made_of(shuffled(value, order))
    assert keys(changed) == keys(made_of_sample(name))
    assert without_places(changed) == without_places(made_of_sample(name))


@every_format
def test_moved_lines_change_no_fingerprint(name: str) -> None:
    """Fifty lines were put in front of every file."""

    def moved(path: Path_, leaf: Any) -> Any:
        named = next((part for part in reversed(path) if isinstance(part, str)), "")
        number = isinstance(leaf, int) and not isinstance(leaf, bool)
        return leaf + 50 if number and leaf > 0 and "line" in named.lower() else leaf

    value = sample(name)
    assert keys(made_of(rebuilt(value, leaf=moved))) == keys(made_of(value))


@every_format
def test_another_checkout_changes_no_fingerprint(name: str) -> None:
    """Where a file of the repository is named, the scanner now names it below its runner's folder."""
    value = sample(name)
    before = made_of(value)
    files = {place.path for finding in before for place in finding.locations if place.path and place.path[0] != "/"}

    def rooted(text: Any) -> Any:
        return CHECKOUT + text if isinstance(text, str) and text in files else text

    changed = rebuilt(
        value, leaf=lambda _, scalar: rooted(scalar), fields=lambda _, held: {rooted(n): v for n, v in held.items()}
    )
    assert keys(made_of(changed)) == keys(before)


@every_format
def test_unknown_fields_change_nothing(name: str) -> None:
    """A newer version of the scanner writes more, anywhere."""
    value = sample(name)
    maps = MAPS.get(name, frozenset[str]())
    changed = rebuilt(value, fields=lambda path, held: held if path and path[-1] in maps else {**held, **EXTRA})
    assert made_of(changed) == made_of(value)
    assert read_as(changed) == read_as(value)


# -- what comes out ------------------------------------------------------------------------------------------------


@every_format
def test_every_finding_can_be_a_record(name: str) -> None:
    """It fits into a message, and is the same when it is read again."""
    for finding in made_of(sample(name)):
        assert len(encoded(finding)) < LARGEST
        again = CODEC.decode(encoded(finding), Finding)
        assert (again.fingerprint, again.severity, again.locations) == (
            finding.fingerprint,
            finding.severity,
            finding.locations,
        )


@every_format
def test_no_secret_of_a_sample_is_in_a_record(name: str) -> None:
    """Of no finding, also of another one's; what names an access key is a name there."""
    value = sample(name)
    drafts = [told.draft for told in read_as(value).findings]
    secrets = {draft.secret.value for draft in drafts if draft.secret and draft.secret.value}
    named = {draft.affected.id for draft in drafts if draft.affected}
    for finding in made_of(value):
        held = encoded(finding)
        assert not [len(secret) for secret in secrets - named if secret.encode() in held]


@every_format
def test_a_severity_says_where_it_comes_from_and_is_unknown_when_there_is_none(name: str) -> None:
    """Nothing that is missing becomes low."""
    value = sample(name)
    assert all(finding.severity.derivation for finding in made_of(value))
    changed = rebuilt(value, fields=lambda _, held: {n: v for n, v in held.items() if not SEVERITIES.search(n)})
    rated = {finding.severity.normalised for finding in made_of(changed)}
    assert rated == {Severity.UNKNOWN} or name in ALWAYS_RATED
    assert all(finding.severity.derivation for finding in made_of(changed))
