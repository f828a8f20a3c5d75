"""The receiver as a process, `python -m fixgate.receiving`: takes reports as the identity `/fixgate/receiver`.

`--check` validates settings, sources, identity and the topic, and exits: 0 when it could start.
"""

import asyncio
import functools
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from fixgate.errors import FixgateError, Misconfigured
from fixgate.identity import WorkloadIdentity
from fixgate.kafka import KafkaBroker
from fixgate.kafka.posting import KafkaPosting
from fixgate.process import Process, checking, kafka_config, run
from fixgate.receiving.app import Desk, application
from fixgate.receiving.book import SourceBook
from fixgate.receiving.clients import SqsClients
from fixgate.receiving.queues import Emptying, Queues
from fixgate.receiving.rates import Rates
from fixgate.receiving.senders import Door
from fixgate.receiving.serving import Presenting, bind, serve
from fixgate.receiving.sources import file_of
from fixgate.receiving.storing import Storing, most_of, storing_of
from fixgate.receiving.svids import Svids, from_workload_api
from fixgate.receiving.taking import TOPIC, Taker
from fixgate.receiving.telling import Teller
from fixgate.topology import PIPELINE, RECEIVER


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code (`errors.py`)."""
    check = checking("python -m fixgate.receiving", __doc__, arguments)

    def work(process: Process) -> None:
        with process.connected(PIPELINE.party(RECEIVER)) as (identity, broker):
            _work(process, identity, broker, check=check)

    return run(RECEIVER, work)


def _work(process: Process, identity: WorkloadIdentity, broker: KafkaBroker, *, check: bool) -> None:
    settings = process.settings
    book = SourceBook(file_of(settings), most_of(settings))
    book.current()
    storing = storing_of(settings)
    _check_topic(process, broker)
    with bind(settings.receiver, tls=settings.receiver_tls) as listening:
        presenting = Presenting(identity, process.state) if settings.receiver_tls else None
        if check:
            return
        posting = KafkaPosting(kafka_config(identity, settings))
        try:
            taker = Taker(
                posting=posting,
                signer=identity.signer,
                naming=process.naming,
                tracer=process.telemetry.tracer,
                clock=lambda: datetime.now(UTC),
            )
            _Receiver(process, identity, book, taker, posting).serve(listening, presenting, storing)
        finally:
            if storing is not None:
                storing.close()
            posting.close()
        posting.check()


def _check_topic(process: Process, broker: KafkaBroker) -> None:
    found, declared = broker.partitions(process.naming.topic(TOPIC)), PIPELINE.topic(TOPIC).partitions
    if found != declared:
        raise Misconfigured(f"{TOPIC} has {found} partitions instead of {declared}")


class _Receiver:
    """What takes reports, over HTTP and from queues, with one set of rates for both."""

    def __init__(
        self, process: Process, identity: WorkloadIdentity, book: SourceBook, taker: Taker, posting: KafkaPosting
    ) -> None:
        self._process = process
        self._posting = posting
        self._identity = identity
        self._book = book
        self._taker = taker
        self._teller = Teller(process.telemetry)
        self._rates = Rates()
        self._fault = ""
        settings = process.settings
        clients = SqsClients(identity, settings.aws_endpoint, settings.aws_region)
        self._queues = Queues(Emptying(book=book, taker=taker, teller=self._teller, clients=clients, rates=self._rates))

    def serve(self, listening: socket.socket, presenting: Presenting | None, storing: Storing | None) -> None:
        """Until the process is told to stop."""
        try:
            asyncio.run(self._serve(listening, presenting, storing))
        finally:
            self._queues.close()

    async def _serve(self, listening: socket.socket, presenting: Presenting | None, storing: Storing | None) -> None:
        settings = self._process.settings
        svids = Svids(from_workload_api(settings.workload_api, settings.trust_domain))
        desk = Desk(
            door=Door(self._book, svids),
            taker=self._taker,
            teller=self._teller,
            well=self._well,
            storing=storing,
            rates=self._rates,
        )
        host, port = listening.getsockname()[:2]
        self._process.telemetry.log.info("listening", host=host, port=port, tls=presenting is not None)
        tick = functools.partial(self._tick, presenting)
        await serve(application(desk), listening, presenting, stop=self._process.stop, tick=tick)

    def _well(self) -> None:
        self._posting.check()
        self._book.current()
        self._identity.signer()

    def _tick(self, presenting: Presenting | None) -> None:
        """See to what changes by itself, and tell of a fault once."""
        fault = ""
        try:
            self._posting.check()
        except FixgateError:
            self._process.stop.set()  # and then the process ends with that error, to be started again
        try:
            if presenting is not None:
                presenting.refresh()
            self._queues.attend()
        except FixgateError as error:
            fault = error.message
            if fault != self._fault:
                # Our own log line, not the standard logger's: the message says it all.
                self._process.telemetry.log.warning("the receiver is not well", why=fault, remedy=error.remedy)
        self._fault = fault


if __name__ == "__main__":
    sys.exit(main())
