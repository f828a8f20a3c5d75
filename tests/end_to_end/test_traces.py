"""One trace: the spans of all services, received over OTLP, are what the topology says and what the records name."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from fixgate.demo.cast import ALICE
from fixgate.demo.reports import Report
from fixgate.derived.diagram import trace_edges
from fixgate.events import (
    Assessment,
    Decision,
    Finding,
    Grant,
    GrantState,
    Intent,
    Outcome,
    Proposal,
    Rejected,
    Request,
    RequestKind,
    RequestStatement,
    Review,
    Verdict,
)
from fixgate.findings import findings_of
from fixgate.graph import Role, rejected_topic
from fixgate.ids import derived_id
from fixgate.local.account import acme
from fixgate.receiving import editing
from fixgate.telemetry import parse_traceparent
from fixgate.testing.otlp import Collector, Span
from fixgate.topology import PIPELINE
from fixgate.verbs import Received
from tests.end_to_end.feed import PATIENCE_S
from tests.end_to_end.town import Town, user

FINDING = "fixgate.finding.id"
OWN = (Finding, Assessment, Proposal, Decision, Review, Intent, Grant, Outcome)
"""What services write about a finding."""
OUTSIDE = frozenset({Role.EXTERNAL, Role.PEOPLE})
STAGES = ("intended", "minting", "comparing", "applying", "judging", "ending")

Edge = tuple[str, str, str]


def bare(town: Town, span: Span) -> str:
    """The topic that a span is about, without the deployment's prefix."""
    return str(span.attributes["messaging.destination.name"]).removeprefix(town.stack.settings.prefix)


def travelled(town: Town, spans: Sequence[Span]) -> set[Edge]:
    """Who wrote what was processed by whom, by the spans alone.

    Whoever is no service sends no spans: what begins with a `process` was written by the one outsider who may write
    the topic. What somebody else wrote there was not believed, and has failed.
    """
    known = {span.span_id: span for span in spans}
    found: set[Edge] = set()
    for span in spans:
        if span.kind != "CONSUMER":
            continue
        topic, sender = bare(town, span), known.get(span.parent_id)
        if sender is not None:
            assert (sender.kind, bare(town, sender), sender.trace_id) == ("PRODUCER", topic, span.trace_id)
            found.add((sender.service, topic, span.service))
        else:
            outsiders = [w for w in PIPELINE.writers[topic] if PIPELINE.party(w).role in OUTSIDE]
            found |= {(writer, topic, span.service) for writer in outsiders}
    return found


@pytest.fixture(scope="module")
def busy(town: Town, approved: str) -> Town:
    """The pipeline after a scanner reported, a person approved, another asked for one more try, and all is over."""
    statement = RequestStatement(
        kind=RequestKind.RETRY,
        lock_key=user(acme.LIVE),
        nonce=derived_id("nonce", "retry"),
        issued_at=datetime.now(UTC),
        person=ALICE,
        roster_version=1,
    )
    town.decision(user(acme.LIVE), Verdict.REFUSED)
    town.desk.publish(
        Request(request_id="request-1", lock_key=statement.lock_key, statement=town.signed(ALICE, statement))
    )
    town.decision(user(acme.LIVE), Verdict.REFUSED, revision=2)
    about(town, approved)
    hand_in(town)
    return town


def hand_in(town: Town) -> None:
    """Let the receiver take a report, and wait until ingest has read it."""
    token = editing.add(town.stack.home.path / "sources.yaml", "traced", {"kind": "token"})
    report = {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "lint"}}, "results": [{"message": {"text": "x"}}]}],
    }
    status, _ = town.hand_in(json.dumps(report).encode(), {"Authorization": f"Bearer {token}"})
    assert status == 202
    town.feed.wait(lambda: [f for _, f in town.feed.all(Finding) if f.source.name == "traced"], "what was handed in")


@pytest.fixture(scope="module")
def finding(busy: Town, approved: str) -> str:
    """The finding whose change a person approved."""
    return busy.outcome(approved)[1].finding_ids[0]


def about(town: Town, lock_key: str) -> None:
    """Wait until the last word about a change was written: its problem is resolved, its credential is dying."""

    def over() -> bool:
        resolved = [a for _, a in town.feed.all(Assessment) if a.lock_key == lock_key and a.status == "resolved"]
        dying = [g for _, g in town.feed.all(Grant) if g.lock_key == lock_key and g.state is GrantState.DYING]
        return bool(resolved and dying)

    town.feed.wait(over, f"the end of {lock_key}")


def way(town: Town, finding: str) -> list[Received]:
    """All records of services about a finding, but what is said of a credential's end a minute later."""
    found = [(r, record) for kind in OWN for r, record in town.feed.all(kind)]
    return [r for r, record in found if finding in findings_of(r.record) and getattr(record, "state", "") != "dead"]


def wait(collector: Collector, look: Callable[[], bool], what: str) -> None:
    """Block until the spans are as they must be; `look` is asked again whenever some come."""
    assert collector.wait(lambda _: look(), PATIENCE_S), what


def send_span(received: Received) -> str:
    """The span in which a record was sent, as the record itself says."""
    context = parse_traceparent(received.context)
    assert context is not None
    return context.span_id


def hops_missing(town: Town, finding: str) -> list[str]:
    """What is wrong with the hops of a finding's way; empty when each is a pair of `send` and `process`."""
    spans = town.collector.spans()
    known = {span.span_id: span for span in spans}
    missing: list[str] = []
    for received in way(town, finding):
        sent = known.get(send_span(received))
        (writer,) = PIPELINE.writers[received.topic]
        if sent is None or (sent.kind, sent.service, bare(town, sent)) != ("PRODUCER", writer, received.topic):
            missing.append(f"{writer} sends {received.topic}")
            continue
        readers = {edge[2] for edge in trace_edges(PIPELINE) if edge[:2] == (writer, received.topic)}
        processed = [span for span in spans if span.parent_id == sent.span_id and span.kind == "CONSUMER"]
        if sorted(span.service for span in processed) != sorted(readers):
            missing.append(f"{received.topic} is processed by {[s.service for s in processed]}, not by {readers}")
        if {span.trace_id for span in (sent, *processed)} != {received.trace_id}:
            missing.append(f"{received.topic} and what follows are several traces")
    return missing


def test_no_record_goes_where_the_topology_does_not_say(busy: Town, finding: str) -> None:
    """Whoever processed something was a reader of its topic, and who sent it was its writer."""
    wait(busy.collector, lambda: not hops_missing(busy, finding), "the spans of the finding's way")
    assert travelled(busy, busy.collector.spans()) <= trace_edges(PIPELINE)


def test_every_edge_of_the_topology_is_in_the_traces(busy: Town) -> None:
    """All of them, but of what does not run in this stack."""
    running = {process.name for process in busy.stack.processes}
    expected = {e for e in trace_edges(PIPELINE) if e[0] in running or PIPELINE.party(e[0]).role in OUTSIDE}
    assert len(expected) >= 10
    wait(busy.collector, lambda: travelled(busy, busy.collector.spans()) == expected, f"{expected}")


def test_each_hop_of_a_finding_is_sent_and_processed_in_one_trace(busy: Town, finding: str) -> None:
    """By the records' own word: the span that each names sent it, and every reader's span goes on from that."""
    wait(busy.collector, lambda: not hops_missing(busy, finding), "the spans of the finding's way")
    topics = {received.topic for received in way(busy, finding)}
    assert topics >= {"findings", "assessments", "proposals", "decisions", "intents", "grants", "outcomes"}


def test_what_follows_a_wait_for_people_is_a_new_trace_linked_to_the_old(busy: Town, approved: str) -> None:
    """Linked to the span that asked people and to the one that took their answer; both are the gate's."""
    before, _ = busy.decision(approved, Verdict.WAITING)
    after, _ = busy.decision(approved, Verdict.ALLOWED)
    outcome, _ = busy.outcome(approved)
    assert before.trace_id != after.trace_id
    assert outcome.trace_id == after.trace_id
    spans = {span.span_id: span for span in busy.collector.spans()}
    resumed = spans[spans[send_span(after)].parent_id]
    assert (resumed.service, resumed.name, resumed.parent_id) == ("gate", "resume fixgate.decisions", "")
    asked, answered = (spans[span_id] for _, span_id in resumed.links)
    assert (asked.service, bare(busy, asked), asked.trace_id) == ("gate", "proposals", before.trace_id)
    assert (answered.service, bare(busy, answered)) == ("gate", "approvals")
    assert answered.trace_id not in {before.trace_id, after.trace_id}


def test_nothing_is_linked_but_what_waited(busy: Town) -> None:
    """A link leads from the beginning of a trace to a span of the same service, which knows what it waited for."""
    spans = {span.span_id: span for span in busy.collector.spans()}
    linked = [span for span in spans.values() if span.links]
    assert linked
    for span in linked:
        assert (span.name.partition(" ")[0], span.parent_id) == ("resume", "")
        for trace_id, span_id in span.links:
            assert (spans[span_id].trace_id, spans[span_id].service) == (trace_id, span.service)


def test_the_work_outside_is_in_the_trace_of_its_change(busy: Town, approved: str) -> None:
    """Each stage of the executor, and below the one that mints what the issuer does for it."""
    after, _ = busy.decision(approved, Verdict.ALLOWED)
    spans = [span for span in busy.collector.spans() if span.trace_id == after.trace_id]
    stages = {span.name.partition(" ")[0]: span for span in spans if span.service == "executor"}
    assert set(STAGES) <= stages.keys()
    minted = {span.name: span for span in spans if span.service == "issuer"}
    assert minted["process issuer mint"].parent_id == stages["minting"].span_id
    assert minted["process issuer give_back"].parent_id == stages["ending"].span_id
    assert minted["process issuer issued"].parent_id == minted["process issuer mint"].span_id


def test_every_span_of_a_finding_is_found_by_it(busy: Town, finding: str) -> None:
    """In all of its traces, whoever sends the span; a span that is about several findings names them all."""
    traces = {received.trace_id for received in way(busy, finding)}
    assert len(traces) == 2
    spans = [span for span in busy.collector.spans() if span.trace_id in traces]
    assert not [(span.service, span.name) for span in spans if not span.attributes.get(FINDING)]
    mine = [span for span in spans if finding in str(span.attributes[FINDING]).split(",")]
    assert {span.service for span in mine} == {"ingest", "analyzer", "proposer", "gate", "issuer", "executor"}


def test_a_dead_letter_is_in_the_trace_of_what_it_was(busy: Town) -> None:
    """Whoever sent something broken finds by its trace where it went."""
    partition, offset = busy.publish(Report("broken", b"{ this is no report"))

    def letter() -> Received | None:
        letters = busy.feed.all(Rejected)
        return next((r for r, m in letters if (m.origin_partition, m.origin_offset) == (partition, offset)), None)

    received = busy.feed.wait(letter, "the dead letter")
    expected = [
        ("CONSUMER", "process fixgate.findings.raw", "ingest"),
        ("PRODUCER", f"send fixgate.{rejected_topic('ingest')}", "ingest"),
    ]

    def told() -> bool:
        spans = [span for span in busy.collector.spans() if span.trace_id == received.trace_id]
        return [(span.kind, span.name, span.service) for span in spans] == expected and spans[0].failed

    wait(busy.collector, told, "the dead letter's trace")
