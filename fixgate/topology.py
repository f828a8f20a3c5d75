"""The pipeline, declared once: topics, records, keys, retention, and who reads, writes and touches what.

Everything that repeats any of this is derived from `PIPELINE` and compared with it by tests: the broker's topics and
ACLs, the identity entries, the diagram and tables of the README, the files under `deploy/`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from fixgate.graph import MIB, Key, Party, Role, Spread, Topic, Topology, rejected_topic, state_topic

DAY = timedelta(days=1)

DESK = "desk"
"""The people's side: the command line now, the console later."""
LOG = "log"
"""The process that makes every signed record a leaf of the transparency log."""
RECEIVER = "receiver"
"""The process that takes reports from those who are authenticated, and puts them onto `findings.raw`."""
PROVISIONER = "provisioner"
"""Creates topics and ACLs; a super user of the embedded broker, used by no service."""
DOCTOR = "doctor"
"""An identity with no grant at all: what it is refused proves that the broker refuses."""

TOPICS = (
    Topic(
        name="findings.raw",
        record=None,
        key=Key.SOURCE,
        retention=DAY,
        max_bytes=8 * MIB,
        signed=False,
        rooted=True,
    ),
    Topic(name="findings", record="Finding", key=Key.PROBLEM, rooted=True),
    Topic(name="assessments", record="Assessment", key=Key.LOCK),
    Topic(name="signals", record="Signal", key=Key.LOCK, spread=Spread.BROADCAST, partitions=1, retention=7 * DAY),
    Topic(name="proposals", record="Proposal", key=Key.LOCK, partitions=1, retention=90 * DAY),
    Topic(name="decisions", record="Decision", key=Key.LOCK, retention=365 * DAY),
    Topic(name="reviews", record="Review", key=Key.LOCK, retention=90 * DAY),
    Topic(name="grants", record="Grant", key=Key.LOCK, retention=365 * DAY),
    Topic(name="intents", record="Intent", key=Key.LOCK, retention=365 * DAY),
    Topic(name="outcomes", record="Outcome", key=Key.LOCK, retention=365 * DAY),
    Topic(name="approvals", record="Approval", key=Key.PROPOSAL, partitions=1, retention=365 * DAY, rooted=True),
    Topic(
        name="controls",
        record="Control",
        key=Key.CONTROL,
        spread=Spread.BROADCAST,
        partitions=1,
        retention=None,
        rooted=True,
    ),
    Topic(
        name="assets",
        record="Asset",
        key=Key.ASSET,
        spread=Spread.BROADCAST,
        partitions=1,
        retention=None,
        compacted=True,
        rooted=True,
    ),
    Topic(name="requests", record="Request", key=Key.LOCK, rooted=True),
)

PARTIES = (
    Party(
        name="scanner",
        role=Role.EXTERNAL,
        purpose="publishes reports as they are",
        writes=("findings.raw",),
    ),
    Party(
        name=RECEIVER,
        role=Role.PROCESS,
        purpose="takes reports over HTTP and from queues, and vouches for who sent them",
        writes=("findings.raw",),
        touches="queues that it empties",
        dns_name="receiver",
    ),
    Party(
        name="ingest",
        role=Role.SERVICE,
        purpose="turns reports into findings and seals what is secret",
        verb="normalize",
        reads=("findings.raw",),
        writes=("findings",),
    ),
    Party(
        name="analyzer",
        role=Role.SERVICE,
        purpose="says what a finding means, with evidence",
        verb="classify",
        reads=("findings", "assets", "controls", "outcomes"),
        writes=("assessments",),
        touches="target systems, read only",
    ),
    Party(
        name="analyzer-signals",
        role=Role.PROCESS,
        purpose="counts bursts and repetitions in windows; can only add caution",
        reads=("findings", "assessments"),
        writes=("signals",),
    ),
    Party(
        name="proposer",
        role=Role.SERVICE,
        purpose="fills in a pre-approved template",
        verb="propose",
        reads=("assessments", "reviews", "outcomes", "requests", "controls"),
        writes=("proposals",),
        touches="a model's API; read-only clones",
    ),
    Party(
        name="gate",
        role=Role.SERVICE,
        purpose="decides, and asks people",
        verb="judge",
        reads=("proposals", "approvals", "assets", "signals", "controls", "outcomes"),
        writes=("decisions", "reviews"),
    ),
    Party(
        name="issuer",
        role=Role.SERVICE,
        purpose="makes one small credential for one allowed change, and kills it",
        verb="admit",
        reads=("decisions", "controls", "assets"),
        writes=("grants",),
        touches="the credential systems: it issues and revokes, it never acts",
        dns_name="issuer",
    ),
    Party(
        name="executor",
        role=Role.SERVICE,
        purpose="applies exactly that change, proves it or puts it back",
        verb="plan",
        reads=("decisions", "controls"),
        writes=("intents", "outcomes"),
        touches="target systems, only with a credential that the issuer made for that one change",
    ),
    Party(
        name=DESK,
        role=Role.PEOPLE,
        purpose="people's answers, controls, inventory and requests",
        writes=("approvals", "controls", "assets", "requests"),
        touches="people",
    ),
    Party(name=LOG, role=Role.PROCESS, purpose="makes every signed record a leaf of the transparency log"),
    Party(
        name="subscriber",
        role=Role.EXTERNAL,
        purpose="a SOAR platform or a lake that consumes decisions and outcomes",
        reads=("decisions", "outcomes"),
    ),
    Party(name=PROVISIONER, role=Role.PROCESS, purpose="creates topics and ACLs"),
    # Its token ends while it waits: an expired one must be refused too.
    Party(name=DOCTOR, role=Role.PROCESS, purpose="is refused everything, as a proof", token_seconds=15),
)

SHARDS: Mapping[str, int] = {"ingest": 4, "analyzer": 4, "proposer": 4, "gate": 1, "issuer": 1, "executor": 4}
"""Partitions of each service's state. One makes the service a sequencer: one active instance, hot standbys."""


def build(topics: Iterable[Topic], parties: Iterable[Party], shards: Mapping[str, int]) -> Topology:
    """A topology in which each service has its state and dead letters, and desk and log read what is theirs to read.

    Raises `Misconfigured` when a law of `graph.py` does not hold.
    """
    everything = list(topics)
    for service, count in shards.items():
        everything += (
            Topic(
                name=state_topic(service),
                record="StateEntry",
                key=Key.STATE,
                partitions=count,
                retention=None,
                compacted=True,
                signed=False,
                rooted=True,
            ),
            Topic(name=rejected_topic(service), record="Rejected", key=Key.ORIGIN, partitions=count, rooted=True),
        )
    own = {s: (state_topic(s), rejected_topic(s)) for s in shards}
    records = tuple(t.name for t in everything if t.record is not None)
    signed = tuple(t.name for t in everything if t.signed)
    complete: list[Party] = []
    for party in parties:
        if party.name in own:
            state, rejected = own[party.name]
            complete.append(replace(party, reads=(*party.reads, state), writes=(*party.writes, state, rejected)))
        elif party.name == DESK:
            complete.append(replace(party, reads=records))
        elif party.name == LOG:
            complete.append(replace(party, reads=signed))
        else:
            complete.append(party)
    return Topology({t.name: t for t in everything}, {p.name: p for p in complete})


PIPELINE = build(TOPICS, PARTIES, SHARDS)
