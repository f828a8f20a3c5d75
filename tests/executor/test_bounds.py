"""With the development authority only what is emulated may be touched."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from fixgate import targets
from fixgate.local.authority import keys
from fixgate.trust import TrustBundle
from services.executor.adapters.bounds import beside_us, crowd, emulated, refusal
from tests.fixgate.certificates import self_signed, trust
from tests.samples import ACCESS_KEY, BUCKET, WORKFLOW

LOCAL = "http://127.0.0.1:4566"


@pytest.fixture
def development(tmp_path: Path) -> TrustBundle:
    """The bundle of a real development authority."""
    made = keys.load(tmp_path / "keys", "fixgate.internal", 1, ())
    now = int(datetime.now(UTC).timestamp() * 1000)
    return TrustBundle().observe("fixgate.internal", [made.certificate.public_bytes(Encoding.DER)], now)


@pytest.mark.parametrize("endpoint", ["", "https://iam.example.org", "http://10.0.0.1:4566", "127.0.0.1:4566"])
def test_aws_itself_is_out_of_bounds(development: TrustBundle, endpoint: str) -> None:
    """Whoever holds the development authority's files could be the executor."""
    why = refusal(lambda: development, endpoint)
    assert "development authority" in why(ACCESS_KEY)
    assert "development authority" in why(BUCKET)


def test_a_foreign_git_host_is_out_of_bounds(development: TrustBundle) -> None:
    """A repository counts as emulated by its own address, whatever else is."""
    why = refusal(lambda: development, LOCAL)
    assert "development authority" in why(WORKFLOW)
    assert why(targets.workflow("http://localhost:3000/team/app.git", "ci.yaml")) == ""


def test_what_is_emulated_may_be_touched(development: TrustBundle) -> None:
    """An account on loopback is nobody's."""
    why = refusal(lambda: development, LOCAL)
    assert (why(ACCESS_KEY), why(BUCKET)) == ("", "")


def test_a_real_authority_sets_no_bounds() -> None:
    """Then who may do what is for the issuer and the account to say."""
    why = refusal(lambda: trust(self_signed()), "")
    assert why(WORKFLOW) == ""


@pytest.mark.parametrize(
    ("address", "is_local"),
    [("http://[::1]:1/x", True), ("http://127.9.9.9", True), ("http://localhost.example.org", False), ("x", False)],
)
def test_what_counts_as_this_machine(address: str, *, is_local: bool) -> None:
    """Loopback addresses and their one name."""
    assert emulated(address) is is_local


def process(proc: Path, number: int, *words: str) -> None:
    """A process as the kernel shows it."""
    folder = proc / str(number)
    folder.mkdir()
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))


def test_another_service_under_our_user_is_seen(tmp_path: Path) -> None:
    """However Python is called; what has ended meanwhile is passed over."""
    (tmp_path / "7").mkdir()
    process(tmp_path, 8, "/usr/bin/python3", "-X", "dev", "-m", "services.issuer")
    assert beside_us(tmp_path) == "issuer"


def test_nobody_else_is_nobody(tmp_path: Path) -> None:
    """Neither ourselves, nor what only speaks of a service, nor a machine that shows no processes."""
    process(tmp_path, 8, "python", "-m", "services.executor")
    process(tmp_path, 9, "grep", "services.issuer")
    assert (beside_us(tmp_path), beside_us(tmp_path / "nowhere")) == ("", "")


def test_who_runs_beside_us_is_asked_each_time() -> None:
    """A service may be started after the executor was."""
    there: list[str] = []
    why = crowd("", lambda: there[-1] if there else "")
    assert why(BUCKET) == ""
    there.append("issuer")
    assert "issuer runs under the executor's user" in why(BUCKET)
    assert crowd(LOCAL, lambda: "issuer")(BUCKET) == ""
