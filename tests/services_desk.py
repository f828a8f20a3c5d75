"""The desk of the pipeline in memory."""

from dataclasses import dataclass

from fixgate.broker import Outbound
from fixgate.desk import Desk
from fixgate.memory import MemoryBroker
from tests.services_world import CODEC, NAMING, ServicesWorld


@dataclass
class Appending:
    """Writes to the broker in memory."""

    broker: MemoryBroker

    def publish(self, record: Outbound) -> int:
        """See `desk.Publisher.publish`."""
        return self.broker.write(record, None).offset


def desk_of(world: ServicesWorld) -> Desk:
    """A desk that reads and writes there, as its party."""
    person = world.person("desk")
    return Desk(
        broker=world.broker,
        publisher=Appending(world.broker),
        codec=CODEC,
        signer=person.signer,
        trust=person.trust,
        naming=NAMING,
    )
