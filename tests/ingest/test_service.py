"""Ingest refuses to start without what it needs."""

import threading
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest

from fixgate import sealing
from fixgate.errors import Misconfigured
from fixgate.naming import Naming
from fixgate.process import Process
from fixgate.settings import Settings
from fixgate.telemetry import Telemetry
from services.ingest.adapters.gathering import Gathering
from services.ingest.decide import Normalize
from services.ingest.service import build


def built(**settings: Any) -> Any:
    """Ingest in a process with these settings."""
    telemetry = Telemetry("ingest", libraries=False, environment={}, stream=StringIO())
    try:
        process = Process(settings=Settings(**settings), telemetry=telemetry, naming=Naming(), stop=threading.Event())
        return build(process, cast("Any", None))
    finally:
        telemetry.shutdown()


def test_without_a_hash_key_it_does_not_start() -> None:
    """It says how to make one."""
    with pytest.raises(Misconfigured, match="no key to hash secrets with") as refused:
        built()
    assert "FIXGATE_HASH_KEY" in refused.value.remedy


def test_a_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    """Before any report is read."""
    path = tmp_path / "key"
    path.write_bytes(b"k" * 31)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="31 bytes"):
        built(hash_key=str(path))


def test_it_is_built_from_its_settings(tmp_path: Path) -> None:
    """With a sealer when there is a sealing key, without one otherwise."""
    path = tmp_path / "key"
    path.write_bytes(b"k" * 32)
    path.chmod(0o600)
    sealing.generate(tmp_path, "reports")
    plain = built(hash_key=str(path), home=tmp_path)
    sealed = built(hash_key=str(path), home=tmp_path, sealing_key=str(tmp_path / "reports.pub"))
    assert (plain.service, sealed.ticks, sealed.effects) == ("ingest", None, None)
    assert isinstance(sealed.verb, Normalize)
    assert isinstance(plain.gather, Gathering)
    assert plain.gather.originals.sealer is None
    assert sealed.gather.originals.sealer is not None
    assert (plain.gather.references, sealed.gather.references) == (None, None)


def test_an_intake_key_that_others_could_read_is_refused(tmp_path: Path) -> None:
    """Whoever had it could read what was published for ingest alone."""
    path = tmp_path / "key"
    path.write_bytes(b"k" * 32)
    path.chmod(0o600)
    sealing.generate(tmp_path, "intake")
    (tmp_path / "intake.key").chmod(0o644)
    with pytest.raises(Misconfigured, match="open to other users"):
        built(hash_key=str(path), home=tmp_path, intake_private_key=str(tmp_path / "intake.key"))


def test_it_takes_references_with_the_present_intake_key_and_older_ones(tmp_path: Path) -> None:
    """Several files, with commas between."""
    path = tmp_path / "key"
    path.write_bytes(b"k" * 32)
    path.chmod(0o600)
    for name in ("new", "old"):
        sealing.generate(tmp_path, name)
    made = built(hash_key=str(path), home=tmp_path, intake_private_key=f"{tmp_path}/new.key, {tmp_path}/old.key")
    assert made.gather.references is not None
