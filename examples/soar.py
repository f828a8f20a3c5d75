"""A SOAR platform's side: reads decisions and outcomes as `subscriber`, believes none unverified, prints OCSF lines.

FIXGATE_BOOTSTRAP_SERVERS=… FIXGATE_WORKLOAD_API=unix:///… python examples/soar.py [HOW MANY]
"""

import json
import sys

from confluent_kafka import Consumer

from fixgate import ocsf
from fixgate.chain import decision_chain
from fixgate.errors import Poison
from fixgate.events import Decision, Outcome
from fixgate.identity import WorkloadIdentity
from fixgate.intake import Intake
from fixgate.kafka.member import inbound
from fixgate.naming import Naming
from fixgate.process import kafka_config
from fixgate.registry import codec_from
from fixgate.settings import load
from fixgate.topology import PIPELINE


def main(wanted: int) -> None:
    """Print `wanted` events and end; 0 never ends."""
    settings = load()
    codec = codec_from(settings)
    naming = Naming(prefix=settings.prefix, trust_domain=settings.trust_domain)
    identity = WorkloadIdentity(settings.workload_api)
    intake = Intake(PIPELINE, naming, codec, identity.trust)
    config = {"group.id": naming.group("subscriber"), "auto.offset.reset": "earliest", "enable.auto.commit": False}
    config |= {"isolation.level": "read_committed", **kafka_config(identity, settings)}
    consumer, printed = Consumer(config), 0
    consumer.subscribe([naming.topic(name) for name in ("decisions", "outcomes")])
    while not wanted or printed < wanted:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        try:
            received = intake.receive(inbound(message))
            if isinstance(received.record, Outcome):
                events = [ocsf.remediation_activity(received.record, received.digest)]
            elif isinstance(received.record, Decision) and received.signed is not None:
                its, name = decision_chain(codec, received.signed).proposed, received.digest
                events = [ocsf.finding_update(received.record, name, its.assessment, found) for found in its.findings]
            else:
                events = []
        except Poison as fault:
            sys.stderr.write(f"not believed: {fault.message}\n")
            continue
        sys.stdout.write("".join(json.dumps(event) + "\n" for event in events))
        sys.stdout.flush()
        consumer.commit(message=message)
        printed += len(events)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
