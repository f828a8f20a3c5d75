"""What policies look at: from the signed assessment, the inventory, the signals and the catalogue."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixgate.chain import ProposalChain, proposal_chain
from fixgate.changes.catalogue import CATALOGUE
from fixgate.events import (
    Assembler,
    AssemblerKind,
    Asset,
    BlastLevel,
    BlastRadius,
    Environment,
    ManagedBy,
    Ownership,
    Reversibility,
    SecretMark,
    Signal,
    SignalKind,
    Source,
)
from fixgate.policy.assets import STALE_AFTER, Inventory
from fixgate.policy.cautions import Cautions
from fixgate.policy.judge import Moment, Outlook, judge
from fixgate.policy.subject import Subject, subject_of
from fixgate.verbs import Broadcast, Received
from tests.chains import assessed
from tests.gate.court import BUNDLE, Court
from tests.people.persons import Key, signed
from tests.samples import ACCESS_KEY, absent, assessment, fact, finding, unreadable
from tests.services_people import FIRST, asset, user
from tests.services_world import CODEC, START

DAY = timedelta(days=1)
ORDER = (Outlook.AUTOMATIC, Outlook.PEOPLE, Outlook.REFUSED)


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    """For honest proposals; its gate does nothing here."""
    made = Court(tmp_path_factory.mktemp("court"))
    yield made
    made.close()


def chain_of(court: Court, assessed_with: Mapping[str, Any] | None = None, **changed: Any) -> ProposalChain:
    """An honest proposal's chain."""
    return proposal_chain(CODEC, court.world.sign(court.proposal(assessed_with, **changed), "proposer"))


def subject(
    court: Court,
    assessed_with: Mapping[str, Any] | None = None,
    *,
    inventory: Inventory | None = None,
    signals: Cautions | None = None,
    **changed: Any,
) -> Subject:
    """The subject of an honest proposal."""
    chain = chain_of(court, assessed_with, **changed)
    return subject_of(chain, inventory or listed(court), signals or Cautions(), CATALOGUE)


def listed(court: Court, **changed: Any) -> Inventory:
    """An inventory that has the user of the key, as the sample's assessment says it."""
    made = user(court.world, **changed)
    return Inventory.of(CODEC, broadcast(Asset(asset_id=made.asset_id, statement=signed(made, "ann"))), FIRST, START)


def broadcast(*records: Any, unreadable: int = 0) -> Broadcast:
    """Records as the runtime hands them over."""
    received = [
        Received(
            topic="assets",
            partition=0,
            offset=n,
            key=None,
            record=record,
            digest=f"sha256:{n:064x}",
            appended_at=START,
            signer="",
            signed=None,
            source="",
            trace_id="",
        )
        for n, record in enumerate(records)
    ]
    return Broadcast(records=received, unreadable=unreadable)


def entry(court: Court, *signers: Any, **changed: Any) -> Asset:
    """An inventory entry about the access key's user."""
    whole = ACCESS_KEY.id.partition("#")[0]
    statement = asset(court.world, **{"asset_id": whole, "kind": "aws.iam.user", **changed})
    return Asset(asset_id=statement.asset_id, statement=signed(statement, *(signers or ("bob",))))


def evidence(without: str, *more: Any) -> tuple[Any, ...]:
    """The sample's facts, without some, with others."""
    return (*(f for f in assessment().evidence if not f.name.startswith(without)), *more)


def test_an_unremarkable_change_is_known_in_every_respect(court: Court) -> None:
    """Everything that policies look at, of the sample."""
    made = subject(court)
    assert made.honest
    assert (made.template, made.template_class) == ("aws-iam-deactivate-access-key", "credential")
    assert (made.environment, made.blast, made.blast_name) == ("staging", 1, "low")
    assert (made.reversibility, made.automatic, made.in_use) == ("lossless", True, False)
    assert (made.deciding_known, made.independent_sources) == (True, 1)
    assert (made.owner_known, made.managed_by, made.shared) == (True, "hand", False)
    assert (made.signals, made.stale_inventory, made.secret) == (0, False, False)
    assert made.excluded == ("alice", "deploy")


@pytest.mark.parametrize(
    "said",
    [
        {"environment": Environment.UNKNOWN},
        {"environment": Environment.PRODUCTION},
        {"evidence": evidence("environment", fact("environment.git", "production", source="git"))},
        {"evidence": evidence("environment", fact("environment.git", "moon", source="git"))},
        {"evidence": evidence("environment.assets", unreadable("environment.assets", source="assets"))},
    ],
)
def test_sources_that_do_not_agree_make_the_environment_unknown(court: Court, said: Mapping[str, Any]) -> None:
    """So does one that cannot be read."""
    assert subject(court, said).environment == "unknown"


def test_a_source_that_says_nothing_is_no_doubt(court: Court) -> None:
    """A missing tag is not an unreadable one."""
    said = evidence("environment.aws:tags", absent("environment.aws:tags", source="aws:tags"))
    assert subject(court, {"evidence": said}).environment == "staging"


@pytest.mark.parametrize(
    ("said", "used"),
    [
        (evidence("last_used"), True),
        (evidence("last_used", unreadable("last_used_days")), True),
        (evidence("last_used", fact("last_used_days", 89)), True),
        (evidence("last_used", fact("last_used_days", 90)), False),
        (evidence("last_used", fact("last_used_days", "90")), True),
        (evidence("unused.report", fact("unused.report", value=False, source="report")), True),
        (evidence("unused.report", unreadable("unused.report", source="report")), True),
    ],
)
def test_a_key_is_in_use_until_it_is_known_not_to_be(court: Court, *, said: tuple[Any, ...], used: bool) -> None:
    """Ninety days without use, by every source that says anything."""
    assert subject(court, {"evidence": said}).in_use is used


@pytest.mark.parametrize(
    ("said", "known", "sources"),
    [
        (evidence("unused", fact("unused.aws:iam", value=True)), True, 1),
        (evidence("unused.report", fact("unused.report", value=False, source="report")), False, 0),
        (evidence("unused.report", unreadable("unused.report", source="report")), False, 0),
        (evidence("key_status", *(fact(f"key_status.{s}", "Active", source=s) for s in ("a", "b"))), True, 1),
        (evidence("key_status", *(fact(f"key_status.{s}", "Active", source=s) for s in ("a", "report"))), True, 2),
        (evidence("key_status", *(fact(f"key_status.{s}", "Active", source=s) for s in ("a", "assets"))), True, 1),
    ],
)
def test_deciding_facts_count_by_independent_sources(
    court: Court, *, said: tuple[Any, ...], known: bool, sources: int
) -> None:
    """The least supported one counts; a dispute or an unreadable source makes it unknown.

    Whatever the analyzer reads is one source, and what it repeats of the inventory is none.
    """
    made = subject(court, {"evidence": said})
    assert (made.deciding_known, made.independent_sources) == (known, sources)


def test_reversibility_is_the_worst_of_all(court: Court) -> None:
    """Assessment, ceiling, rehearsal and claim."""
    assert subject(court, {"reversibility": Reversibility.LOSSY}).reversibility == "lossy"
    honest = court.proposal()
    rehearsed = replace(honest.rehearsal, reversibility=Reversibility.LOSSY)
    assert subject(court, rehearsal=rehearsed).reversibility == "lossy"
    assert subject(court, reversibility=Reversibility.UNKNOWN).reversibility == "unknown"


def test_a_claim_can_only_raise_the_blast_radius(court: Court) -> None:
    """The worse of assessment and proposal; nobody knowing the dependants is not none."""
    high = BlastRadius(level=BlastLevel.HIGH, dependants=7)
    assert subject(court, blast_radius=high).blast_name == "high"
    assert subject(court, {"blast_radius": high}, blast_radius=BlastRadius(level=BlastLevel.NONE)).blast == 3
    assert not subject(court, {"blast_radius": BlastRadius(level=BlastLevel.LOW)}).dependants_known


def test_a_template_that_nobody_knows_is_neither_honest_nor_automatic(court: Court) -> None:
    """Everything about it is unknown."""
    template = replace(court.proposal().template, id="unheard-of")
    made = subject(court, template=template)
    assert (made.honest, made.automatic, made.template_class, made.reversibility) == (
        False,
        False,
        "unknown",
        "unknown",
    )
    assert (made.deciding_known, made.independent_sources) == (False, 0)


def test_who_asked_is_excluded(court: Court) -> None:
    """A person who assembled the proposal does not approve it."""
    asked = Assembler(kind=AssemblerKind.PERSON, name="cid")
    assert "cid" in subject(court, assembler=asked).excluded


def test_the_inventory_speaks_too(court: Court) -> None:
    """Its environment, owner, manager and sharing stand beside the assessment's."""
    broad = broadcast(entry(court, environment=Environment.PRODUCTION, dependants=("a", "b", "c")))
    inventory = Inventory.of(CODEC, broad, FIRST, START)
    made = subject(court, inventory=inventory)
    assert (made.environment, made.dependants, made.stale_inventory) == ("unknown", 3, False)
    owned = Ownership(owner="bob", managed_by=ManagedBy.INFRASTRUCTURE_AS_CODE, shared=None)
    inventory = Inventory.of(CODEC, broadcast(entry(court, ownership=owned)), FIRST, START)
    made = subject(court, inventory=inventory)
    assert (made.managed_by, made.shared) == ("unknown", True)


def test_an_old_or_doubtful_entry_raises_caution(court: Court) -> None:
    """Too old, by nobody we know, by somebody without a role, from the future, about another asset."""
    whole = ACCESS_KEY.id.partition("#")[0]
    good = entry(court)
    assert not subject(court, inventory=Inventory.of(CODEC, broadcast(good), FIRST, START)).stale_inventory
    old = entry(court, reviewed_at=START - STALE_AFTER - DAY)
    cid = entry(court, "cid", person="cid")
    forged = entry(court, ("bob", Key.of("mallory")))
    future = entry(court, issued_at=START + DAY)
    for doubtful in (old, cid, forged, future, replace(good, asset_id=whole + "x")):
        inventory = Inventory.of(CODEC, broadcast(doubtful), FIRST, START)
        assert subject(court, inventory=inventory).stale_inventory
    assert subject(court, inventory=Inventory.of(CODEC, broadcast(good), None, START)).stale_inventory
    assert subject(court, inventory=Inventory.of(CODEC, broadcast(unreadable=1), FIRST, START)).stale_inventory
    retired = Inventory.of(CODEC, broadcast(entry(court, retired=True)), FIRST, START)
    assert retired.find(whole) == ()


def test_what_is_remembered_of_an_entry_is_not_its_age(court: Court) -> None:
    """The same records, asked for at another time: what was to come counts then, and what was fresh is old."""
    records = broadcast(entry(court, issued_at=START + DAY, reviewed_at=START + DAY))
    whole = ACCESS_KEY.id.partition("#")[0]
    for _ in range(2):
        assert Inventory.of(CODEC, records, FIRST, START).in_doubt((whole,))
        assert not Inventory.of(CODEC, records, None, START + DAY).find(whole)
        [fresh] = Inventory.of(CODEC, records, FIRST, START + DAY).find(whole)
        [old] = Inventory.of(CODEC, records, FIRST, START + 2 * DAY + STALE_AFTER).find(whole)
        assert (fresh.stale, old.stale) == (False, True)


def test_an_entry_is_found_by_every_name(court: Court) -> None:
    """Its id and its other names, each once."""
    inventory = Inventory.of(CODEC, broadcast(entry(court, names=("deploy-bot",))), FIRST, START + DAY)
    [found] = inventory.about(ACCESS_KEY, "deploy-bot")
    assert found.age == DAY
    assert inventory.find("somebody") == ()


def test_signals_in_force_are_counted(court: Court) -> None:
    """Those about the lock key, the identity or the secret; what cannot be read counts as one."""
    lock_key = court.proposal().lock_key

    def signal(**changed: Any) -> Signal:
        fields: dict[str, Any] = {
            "signal_id": "signal-1",
            "kind": SignalKind.BURST,
            "lock_key": lock_key,
            "subject": "x",
            "count": 3,
            "threshold": 3,
            "window_start_at": START,
            "window_end_at": START,
            "expires_at": START + DAY,
        }
        return Signal(**{**fields, **changed})

    mark = SecretMark(kind="aws_access_key", hash="hash", key_id="k1", masked="A…")
    records = (
        signal(),
        signal(lock_key="other"),
        signal(lock_key="other", subject="hash"),
        signal(expires_at=START),
    )
    found = Cautions.of(broadcast(*records, unreadable=1), START)
    made = subject(court, {"secret": mark}, signals=found)
    assert (made.signals, made.secret) == (3, True)
    assert subject(court, signals=Cautions.unread()).signals == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data(), environment=st.sampled_from(("staging", "production")))
def test_a_fact_that_becomes_unreadable_never_asks_for_less(
    court: Court, data: st.DataObject, environment: str
) -> None:
    """From the evidence to the ruling, whichever facts they are (law 8)."""
    said = tuple(
        replace(f, value=environment) if f.name.startswith("environment") else f for f in assessment().evidence
    )
    hidden = data.draw(st.sets(st.sampled_from([f.name for f in said if f.name != "state"]), min_size=1))
    dark = tuple(unreadable(f.name, source=f.source) if f.name in hidden else f for f in said)
    moment = Moment(within_ceiling=True)
    try:
        known = judge(BUNDLE, subject(court, {"evidence": said, "environment": Environment(environment)}), moment)
        less = judge(BUNDLE, subject(court, {"evidence": dark, "environment": Environment(environment)}), moment)
    except AssertionError:
        return  # the template does not apply any more: there is no change at all
    assert ORDER.index(less.verdict) >= ORDER.index(known.verdict)


def test_what_anybody_could_have_reported_waits_for_people(court: Court) -> None:
    """One finding for which nobody vouches is enough, and so is no finding at all."""
    world = court.world
    nobodys, known = finding(source=Source(name="scanner")), finding(finding_id="finding-3")
    both = assessment(
        (world.sign(known, "ingest"), world.sign(nobodys, "ingest")), finding_ids=("finding-3", "finding-1")
    )
    chains = [
        proposal_chain(CODEC, world.sign(court.proposal_of(basis), "proposer"))
        for basis in (assessed(world, nobodys), world.sign(both, "analyzer"))
    ]
    assert not subject_of(replace(chains[0], findings=()), listed(court), Cautions(), CATALOGUE).sender_known
    for chain in chains:
        made = subject_of(chain, listed(court), Cautions(), CATALOGUE)
        ruling = judge(BUNDLE, made, Moment(within_ceiling=True))
        assert (made.sender_known, ruling.verdict) == (False, Outlook.PEOPLE)
        assert "caution-sender" in {p.id for p in ruling.policies}
    assert judge(BUNDLE, subject(court), Moment(within_ceiling=True)).verdict is Outlook.AUTOMATIC
