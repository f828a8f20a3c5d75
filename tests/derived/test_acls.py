"""What is granted, as a pure function of the topology; and that nothing else is."""

from collections import defaultdict

import pytest

from fixgate.derived.acls import Grant, Operation, Resource, grants, principal_root, transactional_ids
from fixgate.graph import Role
from fixgate.naming import Naming
from fixgate.topology import PIPELINE

NAMING = Naming(prefix="x.", trust_domain="example.org")
GRANTS = grants(PIPELINE, NAMING)


def of(party: str) -> set[tuple[str, str, bool, str]]:
    """What a party may do, without its name."""
    return {(g.resource.value, g.name, g.prefixed, g.operation.value) for g in GRANTS if g.party == party}


def test_the_doctor_and_the_provisioner_are_granted_nothing() -> None:
    """What the doctor is refused proves something only as long as nobody granted it anything."""
    assert of("doctor") == of("provisioner") == set()


def test_no_two_identities_may_write_one_topic() -> None:
    """Law 1, over the grants: each topic has one principal that may write it, but raw reports."""
    writers: dict[str, set[str]] = defaultdict(set)
    for grant in GRANTS:
        if grant.resource is Resource.TOPIC and grant.operation is Operation.WRITE:
            writers[grant.name].add(grant.principal)
    several = {topic: who for topic, who in writers.items() if len(who) > 1}
    assert several == {"x.findings.raw": {f"spiffe://example.org/fixgate/{who}" for who in ("scanner", "receiver")}}
    assert writers.keys() == {f"x.{topic}" for topic in PIPELINE.topics}


def test_only_transactional_ids_are_granted_by_their_beginning() -> None:
    """A grant on names that begin with something grows by itself; only ids of one's own slots may."""
    assert {g.resource for g in GRANTS if g.prefixed} == {Resource.TRANSACTIONAL_ID}
    assert not [g for g in GRANTS if "*" in g.name]


def test_no_ones_transactional_ids_begin_like_anothers() -> None:
    """The analyzer must not reach into those of the analyzer's side process, nor the other way round."""
    begins = [transactional_ids(name, NAMING) for name in PIPELINE.parties]
    assert not [(a, b) for a in begins for b in begins if a != b and a.startswith(b)]


@pytest.mark.parametrize("slot", [0, 7, 999])
def test_every_slots_id_is_granted(slot: int) -> None:
    """The grant covers the id that each slot uses."""
    granted = {g.party: g.name for g in GRANTS if g.resource is Resource.TRANSACTIONAL_ID}
    services = {p.name for p in PIPELINE.parties.values() if p.role is Role.SERVICE}
    assert granted.keys() == services
    assert all(NAMING.instance(name, slot).startswith(begin) for name, begin in granted.items())


def test_a_service_has_exactly_its_grants() -> None:
    """Written out by hand for the gate."""
    reads = ("proposals", "approvals", "assets", "signals", "controls", "outcomes", "gate.state")
    writes = ("decisions", "reviews", "gate.state", "gate.rejected")
    assert of("gate") == {
        *(("topic", f"x.{t}", False, "Read") for t in reads),
        *(("topic", f"x.{t}", False, "Write") for t in writes),
        ("group", "x.gate", False, "Read"),
        ("transactionalId", "x.gate.", True, "Write"),
    }


def test_who_writes_without_transactions_has_no_transactional_id() -> None:
    """A scanner and the receiver may write reports and nothing more; they have not even a group."""
    assert of("scanner") == of("receiver") == {("topic", "x.findings.raw", False, "Write")}
    assert not [g for g in GRANTS if g.party == "desk" and g.resource is Resource.TRANSACTIONAL_ID]


def test_principals_are_the_parties_identities() -> None:
    """Each grant names the SPIFFE ID of its party in the trust domain."""
    assert all(g.principal == f"spiffe://example.org/fixgate/{g.party}" for g in GRANTS)
    assert principal_root(NAMING) == "spiffe://example.org/fixgate/"


def test_the_order_is_always_the_same() -> None:
    """The same topology gives the same grants in the same order, each once."""
    assert list(GRANTS) == sorted(set[Grant](GRANTS))
