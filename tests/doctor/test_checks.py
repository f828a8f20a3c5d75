"""The doctor against careless brokers: what lets something in is reported, and what proves nothing is not a pass."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fixgate.cli.doctor import exit_code
from fixgate.doctor.checks import EXPIRED, GENUINE, Finding, Patient, Verdict, examine
from fixgate.naming import Naming
from fixgate.topology import PIPELINE
from tests.doctor.fake_broker import FakeBroker

KEY = ec.generate_private_key(ec.SECP256R1())
REFUSALS = {0: 29, 1: 29, 3: 0, 10: 30, 29: 31}


def token(audience: str = "kafka", life: float = -1, key: str = "1") -> tuple[str, float]:
    """A token of the doctor; already over, so that nothing has to be waited for."""
    end = int(time.time() + life)
    said = {"sub": "spiffe://fixgate.internal/fixgate/doctor", "aud": [audience], "exp": end, "iss": "https://x"}
    return jwt.encode(said, KEY, "ES256", headers={"kid": key}), float(end)


class Careful:
    """Accepts the genuine token and no other."""

    def __init__(self) -> None:
        self.genuine, self.end = token(life=3600)

    def __call__(self, offered: str) -> bool:
        """Whether it is accepted."""
        return offered == self.genuine

    def give(self, audience: str) -> tuple[str, float]:
        """A token for the audience."""
        return (self.genuine, self.end) if audience == "kafka" else token(audience, 3600)


def patient(broker: FakeBroker, give: Callable[[str], tuple[str, float]]) -> Patient:
    """A patient that is one broker."""
    return Patient(
        bootstrap=[broker.address],
        token=give,
        topology=PIPELINE,
        naming=Naming(),
        timeout=2.0,
        skew_s=0.0,
    )


def by_name(found: Sequence[Finding]) -> dict[str, Verdict]:
    """The verdicts by their checks."""
    return {finding.check: finding.verdict for finding in found}


def refusing(key: int, body: bytes) -> int:
    """The error codes of a broker that grants nothing."""
    return 53 if key == 10 and body.endswith(b"\x01") else REFUSALS[key]


def lax_about(lax: int, code: int) -> Callable[[int, bytes], int]:
    """A broker that grants nothing, but answers requests of one kind with another code."""
    return lambda key, body: code if key == lax else refusing(key, body)


def test_a_broker_that_believes_everybody_is_found_out() -> None:
    """A broker without a validator lets in every forged token, and each is reported."""
    with FakeBroker(lambda _token: True, refusing) as broker:
        found = by_name(examine(patient(broker, Careful().give)))
    let_in = {check for check, verdict in found.items() if verdict is Verdict.LET_IN}
    assert {
        "token signed by a foreign key is refused",
        "token of a foreign issuer is refused",
        "token without a signature is refused",
        "token whose subject was altered is refused",
        "token for another audience is refused",
    } <= let_in


@pytest.mark.parametrize("polite", [True, False])
def test_a_careful_broker_passes(polite: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """Refusals count in both forms: an error code at once, or data first and then the failure."""
    careful = Careful()
    with FakeBroker(careful, refusing, polite=polite) as broker:
        found = by_name(examine(patient(broker, careful.give)))
    # Its end is an hour away: that one check could not be made.
    assert found.pop(EXPIRED) is Verdict.UNTESTED
    assert len(found) == 11
    assert set(found.values()) == {Verdict.PASSED}


@pytest.mark.parametrize(
    ("key", "code", "check"),
    [
        (0, 87, "ungranted write to any of 26 topics is refused"),
        (0, 0, "ungranted write to any of 26 topics is refused"),
        (1, 0, "ungranted read of any of 26 topics is refused"),
        (1, 1, "ungranted read of any of 26 topics is refused"),
        (1, 3, "ungranted read of any of 26 topics is refused"),
        (10, 0, "ungranted use of any of 14 groups is refused"),
        (29, 0, "ungranted look at the grants is refused"),
    ],
)
def test_whatever_is_not_a_refusal_is_reported(key: int, code: int, check: str) -> None:
    """Only the broker's own words for "not authorized" are a refusal; anything else was let through."""
    careful = Careful()
    with FakeBroker(careful, lax_about(key, code)) as broker:
        found = examine(patient(broker, careful.give))
    assert by_name(found)[check] is Verdict.LET_IN
    assert exit_code(found) == 1


def test_when_the_genuine_token_is_refused_nothing_is_proved() -> None:
    """A broker that refuses everybody passes nothing."""
    with FakeBroker(lambda _token: False, refusing) as broker:
        found = examine(patient(broker, Careful().give))
    assert by_name(found) == {GENUINE: Verdict.UNTESTED}
    assert exit_code(found) == 3


def test_a_broker_that_hangs_up_proves_nothing() -> None:
    """A connection that ends without a word of refusal is no refusal."""
    careful = Careful()
    with FakeBroker(careful, refusing, hang_up=True) as broker:
        found = examine(patient(broker, careful.give))
    assert {finding.verdict for finding in found} == {Verdict.UNTESTED}


def test_a_broker_that_is_silent_or_gone_proves_nothing() -> None:
    """No answer in time, and nobody there, are both unknown."""
    careful = Careful()
    with FakeBroker(careful, refusing, mute=True) as broker:
        asked = replace(patient(broker, careful.give), timeout=0.2)
        silent = examine(asked)
    gone = examine(asked)
    assert {f.verdict for f in (*silent, *gone)} == {Verdict.UNTESTED}
    assert exit_code(gone) == 3


def test_an_expired_token_that_is_let_in_is_reported() -> None:
    """A broker that does not look at a token's end is found out."""
    ended = token()[0]
    with FakeBroker(lambda _token: True, refusing) as broker:
        found = by_name(examine(patient(broker, lambda _audience: (ended, 0.0))))
    assert found[EXPIRED] is Verdict.LET_IN


def test_a_token_without_end_is_reported() -> None:
    """An authority whose tokens never end is a fault by itself."""
    endless = jwt.encode({"sub": "x", "aud": ["kafka"]}, KEY, "ES256")
    with FakeBroker(lambda offered: offered == endless, refusing) as broker:
        found = by_name(examine(patient(broker, lambda _audience: (endless, 0.0))))
    assert found[EXPIRED] is Verdict.LET_IN


def test_an_end_that_is_too_far_off_stays_unknown() -> None:
    """Without the time to wait, the check says that it was not made, and the exit code says so too."""
    careful = Careful()
    with FakeBroker(careful, refusing) as broker:
        found = examine(patient(broker, careful.give))
    assert by_name(found)[EXPIRED] is Verdict.UNTESTED
    assert exit_code(found) == 3


@pytest.mark.parametrize(("new_key", "verdict"), [("1", Verdict.PASSED), ("2", Verdict.UNTESTED)])
def test_a_refusal_after_the_key_changed_proves_nothing(new_key: str, verdict: Verdict) -> None:
    """An ended token counts as refused for its end only while a new one under the same key is accepted."""
    ended, fresh = token()[0], token(life=3600, key=new_key)[0]
    given = [ended]

    def admit(offered: str) -> bool:
        """The ended one is accepted until the checks of forged tokens have been made."""
        return offered == fresh or (offered == ended and EXPIRED not in given)

    def give(audience: str) -> tuple[str, float]:
        if audience != "kafka":
            given.append(EXPIRED)
            return token(audience, 3600)
        return (fresh if EXPIRED in given else ended), 0.0

    with FakeBroker(admit, refusing) as broker:
        found = by_name(examine(patient(broker, give)))
    assert found[EXPIRED] is verdict


def test_exit_codes() -> None:
    """1 as soon as anything was let in, 3 when anything stayed unknown, 0 only when all passed."""

    def made(*verdicts: Verdict) -> int:
        return exit_code([Finding(check="x", verdict=v, detail="") for v in verdicts])

    assert made(Verdict.PASSED, Verdict.PASSED) == 0
    assert made(Verdict.PASSED, Verdict.UNTESTED) == 3
    assert made(Verdict.UNTESTED, Verdict.LET_IN) == 1
    assert made() == 3
