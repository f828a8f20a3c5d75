"""The issuer, put together."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from fixgate.errors import Misconfigured
from fixgate.identity import WorkloadIdentity
from fixgate.naming import Naming
from fixgate.process import Process
from fixgate.settings import Settings
from fixgate.telemetry import Telemetry
from services.issuer.service import build


def process(tmp_path: Path, **given: Any) -> Process:
    """A process that has begun."""
    settings = Settings(home=tmp_path, **given)
    telemetry = Telemetry("issuer", libraries=False, environment={})
    return Process(settings=settings, telemetry=telemetry, naming=Naming(), stop=threading.Event())


class _Nobody:
    """Building asks nobody for anything, it only passes this on."""

    def trust(self) -> None:
        """Never asked."""
        raise AssertionError


NOBODY = cast("WorkloadIdentity", _Nobody())


def test_without_an_address_it_refuses_to_start(tmp_path: Path) -> None:
    """Nobody could call it."""
    with pytest.raises(Misconfigured, match="where to listen"):
        build(process(tmp_path), NOBODY)


def test_without_policies_it_refuses_to_start(tmp_path: Path) -> None:
    """It could judge nothing."""
    with pytest.raises(Misconfigured):
        build(process(tmp_path, issuer="127.0.0.1:0", policies=str(tmp_path)), NOBODY)


def test_a_ceiling_that_cannot_be_read_refuses_to_start(tmp_path: Path) -> None:
    """A missing file is a mistake, not the absence of a ceiling."""
    with pytest.raises(Misconfigured, match="ceiling"):
        build(process(tmp_path, issuer="127.0.0.1:0", ceiling=str(tmp_path / "none")), NOBODY)


def test_it_is_built_without_asking_anybody(tmp_path: Path) -> None:
    """`--check` builds it too: no port is opened and no thread begins."""
    before = threading.active_count()
    workload = build(process(tmp_path, issuer="127.0.0.1:0"), NOBODY)
    assert workload.service == "issuer"
    assert workload.effects is not None
    assert threading.active_count() == before
