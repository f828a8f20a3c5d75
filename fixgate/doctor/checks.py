"""What the doctor tries against each broker of a cluster, and what each answer means.

First the genuine token is tried: where it is not accepted, the refusal of another proves nothing. Then each token that
must be refused; then, with the genuine one, everything that the doctor's identity is not granted, which is everything.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fixgate.derived.acls import transactional_ids
from fixgate.doctor import tokens, wire
from fixgate.doctor.wire import Address, Closed, Connection
from fixgate.errors import Unavailable
from fixgate.graph import Role, Topology
from fixgate.naming import Naming

SKEW_S = 60.0
"""Brokers allow clocks to differ, by 30 s unless told otherwise: a token is given twice that to end."""
POLL_S = 0.5


class Verdict(StrEnum):
    """What a check found."""

    PASSED = "passed"
    LET_IN = "let in"
    """Something was accepted that must not be."""
    UNTESTED = "untested"
    """It could not be found out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's result, over all brokers."""

    check: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A cluster and who looks at it."""

    bootstrap: Sequence[Address]
    token: Callable[[str], tuple[str, float]]
    """The doctor's genuine token for an audience, and when it ends."""
    topology: Topology
    naming: Naming
    audience: str = "kafka"
    tls: ssl.SSLContext | None = None
    timeout: float = 10.0
    wait_s: float = 0.0
    """How long to wait for the genuine token to end."""
    skew_s: float = SKEW_S
    """How long after its end a token may still be taken."""


Waiting = Callable[[float], None]
"""Told how many seconds are left to wait."""


def examine(patient: Patient, waiting: Waiting = lambda _seconds: None) -> tuple[Finding, ...]:
    """All checks in their order; blocks while it tries, and up to `wait_s` seconds for a token to end.

    Raises `Unavailable` or `Refused` when the authority gives no token.
    """
    genuine, _ = patient.token(patient.audience)
    try:
        brokers = _brokers(patient, genuine)
    except (Unavailable, Closed) as error:
        return (Finding(check=GENUINE, verdict=Verdict.UNTESTED, detail=str(error)),)
    if not brokers:
        refused = "a genuine token of the doctor was refused, so what else is refused proves nothing"
        return (Finding(check=GENUINE, verdict=Verdict.UNTESTED, detail=refused),)
    accepted = _offer(patient, brokers, lambda: genuine)
    if accepted.verdict is not Verdict.LET_IN:
        return (Finding(check=GENUINE, verdict=Verdict.UNTESTED, detail=f"not every broker: {accepted.detail}"),)
    found = [Finding(check=GENUINE, verdict=Verdict.PASSED, detail=f"accepted by {len(brokers)} broker(s)")]
    for check, token in _forged(patient, genuine).items():
        found.append(_named(check, _offer(patient, brokers, token)))
    found += _ungranted(patient, brokers, genuine)
    found.append(_named(EXPIRED, _expired(patient, brokers, genuine, waiting)))
    return tuple(found)


GENUINE = "genuine token is accepted"
EXPIRED = "expired token is refused"


def _forged(patient: Patient, genuine: str) -> Mapping[str, Callable[[], str]]:
    """The tokens that must be refused, by what is wrong with them."""
    other = patient.naming.spiffe_id(patient.topology.party("gate"))
    return {
        "token signed by a foreign key is refused": lambda: tokens.foreign_key(genuine),
        # Only the authority could sign a wrong issuer with the right key, so this one has a foreign key as well.
        "token of a foreign issuer is refused": lambda: tokens.foreign_key(genuine, {"iss": "https://issuer.invalid"}),
        "token without a signature is refused": lambda: tokens.unsigned(genuine),
        "token whose subject was altered is refused": lambda: tokens.altered(genuine, other),
        "token for another audience is refused": lambda: patient.token("fixgate-doctor-elsewhere")[0],
    }


@dataclass(frozen=True, slots=True)
class _Offered:
    verdict: Verdict
    detail: str


def _named(check: str, offered: _Offered) -> Finding:
    return Finding(check=check, verdict=offered.verdict, detail=offered.detail)


def _brokers(patient: Patient, genuine: str) -> tuple[Address, ...]:
    """All brokers, as the first that answers tells; empty when that one refuses the genuine token."""
    last: Exception = Unavailable("no broker was named")
    for address in patient.bootstrap:
        try:
            with _connect(patient, address) as connection:
                return connection.brokers() if connection.authenticate(genuine) else ()
        except (Unavailable, Closed) as error:
            last = error
    raise last


def _connect(patient: Patient, address: Address) -> Connection:
    return Connection(address, tls=patient.tls, timeout=patient.timeout)


def _offer(patient: Patient, brokers: Iterable[Address], make: Callable[[], str]) -> _Offered:
    """Offer a token to each broker. Let in is who was answered afterwards; refused who was told so and hung up on."""
    token = make()
    for address in brokers:
        told = True
        try:
            with _connect(patient, address) as connection:
                told = connection.authenticate(token)
                connection.brokers()
        except Closed as error:
            if told:
                return _Offered(Verdict.UNTESTED, f"{address} neither refused nor answered: {error}")
            continue
        except Unavailable as error:
            return _Offered(Verdict.UNTESTED, error.message)
        return _Offered(Verdict.LET_IN, f"{address} accepted it and answered")
    return _Offered(Verdict.PASSED, "refused by every broker")


def _ungranted(patient: Patient, brokers: Iterable[Address], genuine: str) -> Iterable[Finding]:
    """Everything that the doctor is not granted, tried with its genuine token on each broker."""
    naming, topology = patient.naming, patient.topology
    topics = [naming.topic(name) for name in topology.topics]
    services = [p.name for p in topology.parties.values() if p.role is Role.SERVICE]
    transactional = [f"{transactional_ids(s, naming)}0" for s in services]
    groups = [naming.group(p.name) for p in topology.parties.values()]
    tries: dict[str, tuple[Callable[[Connection], Mapping[str, int]], frozenset[int]]] = {
        f"ungranted write to any of {len(topics)} topics is refused": (lambda c: c.write(topics), _TOPIC),
        f"ungranted read of any of {len(topics)} topics is refused": (lambda c: c.read(topics), _TOPIC),
        f"ungranted use of any of {len(groups)} groups is refused": (
            lambda c: {g: c.coordinator(g, transactional=False) for g in groups},
            frozenset({wire.GROUP_AUTHORIZATION_FAILED}),
        ),
        f"ungranted use of any of {len(transactional)} transactional ids is refused": (
            lambda c: {t: c.coordinator(t, transactional=True) for t in transactional},
            frozenset({wire.TRANSACTIONAL_ID_AUTHORIZATION_FAILED}),
        ),
        "ungranted look at the grants is refused": (
            lambda c: {"grants": c.grants()},
            frozenset({wire.CLUSTER_AUTHORIZATION_FAILED}),
        ),
    }
    for check, (attempt, refusals) in tries.items():
        yield _named(check, _attempt(patient, brokers, genuine, attempt, refusals))


_TOPIC = frozenset({wire.TOPIC_AUTHORIZATION_FAILED, wire.CLUSTER_AUTHORIZATION_FAILED})


def _attempt(
    patient: Patient,
    brokers: Iterable[Address],
    genuine: str,
    attempt: Callable[[Connection], Mapping[str, int]],
    refusals: frozenset[int],
) -> _Offered:
    for address in brokers:
        try:
            with _connect(patient, address) as connection:
                connection.authenticate(genuine)
                codes = attempt(connection)
        except (Unavailable, Closed) as error:
            return _Offered(Verdict.UNTESTED, f"{address}: {error}")
        allowed = sorted(f"{name} (answer {code})" for name, code in codes.items() if code not in refusals)
        if allowed:
            return _Offered(Verdict.LET_IN, f"{address} let it: {', '.join(allowed)}")
        if not codes:
            return _Offered(Verdict.UNTESTED, f"{address} answered about nothing")
    return _Offered(Verdict.PASSED, "refused by every broker")


def _expired(patient: Patient, brokers: Sequence[Address], genuine: str, waiting: Waiting) -> _Offered:
    """A genuine token after its end; nobody but the authority can make one, so its end is waited for."""
    end = float(tokens.claims(genuine).get("exp", 0.0))
    if not end:
        return _Offered(Verdict.LET_IN, "the authority gives tokens that never end")
    left = end - time.time()
    if left > patient.wait_s:
        return _Offered(Verdict.UNTESTED, f"the token ends in {left:.0f} s, longer than was to be waited")
    while (left := end - time.time()) > 0:
        waiting(left)
        time.sleep(min(left, 1.0))
    # Until the broker's clock agrees it takes the token and hangs up at once, for the session would be over.
    while (offered := _offer(patient, brokers, lambda: genuine)).verdict is not Verdict.PASSED:
        if time.time() - end > patient.skew_s:
            break
        time.sleep(POLL_S)
    if offered.verdict is Verdict.PASSED and not _still_trusted(patient, brokers, genuine):
        return _Offered(Verdict.UNTESTED, "the authority's key changed meanwhile, so the refusal proves nothing")
    return _Offered(offered.verdict, f"{offered.detail}, {time.time() - end:.0f} s after the token's end")


def _still_trusted(patient: Patient, brokers: Sequence[Address], genuine: str) -> bool:
    """Whether a new token under the same key is accepted: then the old one was refused for its end."""
    fresh, _ = patient.token(patient.audience)
    same_key = tokens.header(fresh).get("kid") == tokens.header(genuine).get("kid")
    return same_key and _offer(patient, brokers, lambda: fresh).verdict is Verdict.LET_IN
