"""The pipeline against the design: who writes what, written out here by hand a second time.

Nothing in this file is computed from the topology but the comparison.
"""

from datetime import timedelta

import pytest

from fixgate.errors import Misconfigured
from fixgate.graph import MIB, Role, Spread
from fixgate.topology import PARTIES, PIPELINE, SHARDS, TOPICS, build

WRITERS = {
    "findings.raw": ("scanner", "receiver"),
    "findings": ("ingest",),
    "assessments": ("analyzer",),
    "signals": ("analyzer-signals",),
    "proposals": ("proposer",),
    "decisions": ("gate",),
    "reviews": ("gate",),
    "grants": ("issuer",),
    "intents": ("executor",),
    "outcomes": ("executor",),
    "approvals": ("desk",),
    "controls": ("desk",),
    "assets": ("desk",),
    "requests": ("desk",),
    "ingest.state": ("ingest",),
    "analyzer.state": ("analyzer",),
    "proposer.state": ("proposer",),
    "gate.state": ("gate",),
    "issuer.state": ("issuer",),
    "executor.state": ("executor",),
    "ingest.rejected": ("ingest",),
    "analyzer.rejected": ("analyzer",),
    "proposer.rejected": ("proposer",),
    "gate.rejected": ("gate",),
    "issuer.rejected": ("issuer",),
    "executor.rejected": ("executor",),
}
READS = {
    "scanner": set[str](),
    "receiver": set[str](),
    "ingest": {"findings.raw", "ingest.state"},
    "analyzer": {"findings", "assets", "controls", "outcomes", "analyzer.state"},
    "analyzer-signals": {"findings", "assessments"},
    "proposer": {"assessments", "reviews", "outcomes", "requests", "controls", "proposer.state"},
    "gate": {"proposals", "approvals", "assets", "signals", "controls", "outcomes", "gate.state"},
    "issuer": {"decisions", "controls", "assets", "issuer.state"},
    "executor": {"decisions", "controls", "executor.state"},
    "desk": WRITERS.keys() - {"findings.raw"},
    "log": {t for t in WRITERS if t != "findings.raw" and not t.endswith(".state")},
    "subscriber": {"decisions", "outcomes"},
    "provisioner": set[str](),
    "doctor": set[str](),
}


def test_each_topic_is_written_by_the_one_that_the_design_names() -> None:
    """Law 1: the table above, and no topic beside it."""
    assert dict(PIPELINE.writers) == WRITERS


def test_only_raw_findings_have_several_writers() -> None:
    """The one exception of law 1: scanners, and the process that takes reports from others."""
    assert {topic for topic, writers in PIPELINE.writers.items() if len(writers) > 1} == {"findings.raw"}


def test_each_party_reads_what_the_design_names() -> None:
    """Nobody reads more than the table above says."""
    assert {name: set(party.reads) for name, party in PIPELINE.parties.items()} == READS


def test_raw_findings_are_read_by_ingest_alone() -> None:
    """Law 12: secrets travel no further than ingest, so not even the desk and the log read them."""
    assert PIPELINE.readers["findings.raw"] == ("ingest",)
    assert PIPELINE.topics["findings.raw"].retention == timedelta(days=1)


@pytest.mark.parametrize(
    ("party", "topics"),
    [
        ("proposer", ["decisions", "approvals", "reviews", "grants", "outcomes", "assessments"]),
        ("gate", ["grants", "intents", "outcomes", "proposals", "approvals", "controls", "assets"]),
        ("issuer", ["decisions", "intents", "outcomes", "approvals"]),
        ("executor", ["decisions", "grants", "approvals", "proposals", "controls"]),
        ("analyzer", ["findings", "proposals", "decisions", "signals", "assets"]),
        ("analyzer-signals", ["assessments", "decisions", "controls"]),
        ("ingest", ["assessments", "findings.raw", "decisions"]),
        ("scanner", ["findings"]),
        ("receiver", [topic for topic in WRITERS if topic != "findings.raw"]),
        ("log", list(WRITERS)),
        ("subscriber", list(WRITERS)),
        ("provisioner", list(WRITERS)),
        ("doctor", list(WRITERS)),
        ("desk", ["decisions", "proposals", "grants", "outcomes", "findings"]),
    ],
)
def test_no_party_does_anothers_step(party: str, topics: list[str]) -> None:
    """The order of trust: whoever drafts cannot decide, whoever decides cannot issue, whoever issues cannot act."""
    assert not set(PIPELINE.party(party).writes) & set(topics)


def test_the_sequencers_have_one_partition() -> None:
    """Gate and issuer decide about everything in one order."""
    for name in ("proposals", "approvals", "gate.state", "issuer.state"):
        assert PIPELINE.topics[name].partitions == 1


def test_facts_are_broadcast_and_controls_kept_for_ever() -> None:
    """Every instance sees all assets, signals and controls; the history of controls is evidence."""
    broadcast = {t.name for t in PIPELINE.topics.values() if t.spread is Spread.BROADCAST}
    assert broadcast == {"assets", "signals", "controls"}
    controls = PIPELINE.topics["controls"]
    assert (controls.partitions, controls.retention, controls.compacted) == (1, None, False)


def test_every_record_but_raw_findings_and_private_state_is_signed() -> None:
    """What travels between parties is signed; what a service keeps for itself need not be."""
    unsigned = {t.name for t in PIPELINE.topics.values() if not t.signed}
    assert unsigned == {"findings.raw"} | {t for t in WRITERS if t.endswith(".state")}


def test_sizes_are_the_designs() -> None:
    """Records up to 1 MiB, raw reports up to 8."""
    sizes = {t.name: t.max_bytes for t in PIPELINE.topics.values()}
    assert sizes.pop("findings.raw") == 8 * MIB
    assert set(sizes.values()) == {MIB}


def test_only_what_begins_a_chain_may_lack_parents() -> None:
    """Everything between a finding and an outcome names what it was made from."""
    chain = {"assessments", "signals", "proposals", "decisions", "reviews", "grants", "intents", "outcomes"}
    assert not {t.name for t in PIPELINE.topics.values() if t.rooted} & chain


def test_every_service_of_the_design_is_one() -> None:
    """Six services, each with a verb of its own."""
    verbs = {p.name: p.verb for p in PIPELINE.parties.values() if p.role is Role.SERVICE}
    assert verbs == {
        "ingest": "normalize",
        "analyzer": "classify",
        "proposer": "propose",
        "gate": "judge",
        "issuer": "admit",
        "executor": "plan",
    }


def test_a_second_writer_of_decisions_is_refused() -> None:
    """Adding a party that decides beside the gate cannot even be declared."""
    from dataclasses import replace  # noqa: PLC0415  # only this test breaks a topology

    greedy = tuple(replace(p, writes=(*p.writes, "decisions")) if p.name == "proposer" else p for p in PARTIES)
    with pytest.raises(Misconfigured, match="decisions has several writers"):
        build(TOPICS, greedy, SHARDS)


def test_a_service_that_is_forgotten_in_the_shards_is_refused() -> None:
    """A service without state is a mistake that shows at once."""
    with pytest.raises(Misconfigured, match=r"gate needs gate\.rejected"):
        build(TOPICS, PARTIES, {name: count for name, count in SHARDS.items() if name != "gate"})
