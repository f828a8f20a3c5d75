"""Queues that are emptied: each message's body is a report, deleted only when the broker has it.

Whoever may send to the queue is its source: AWS decides that, by the queue's policy. A message that cannot be taken
(too large for its source) is left where it is: the queue's own redrive policy puts it aside after so many tries, where
people find it. Delivery is at least once, which does no harm: the same bytes are the same findings.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fixgate.errors import FixgateError, Transient
from fixgate.receiving.book import SourceBook
from fixgate.receiving.rates import Rates
from fixgate.receiving.sources import QueueSource
from fixgate.receiving.taking import Taken, Taker
from fixgate.receiving.telling import Teller
from fixgate.vouching import Way

POLL_S: Final = 10
"""Seconds that a question waits for a message (long polling)."""
ACKNOWLEDGED_S: Final = 10.0
"""Seconds in which the broker must have a report; the posting gives up earlier."""
_BACKOFF_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)

Clients = Callable[[QueueSource], Any]
"""Makes a client of SQS that may read the source's queue; it may block."""


class QueueLost(Exception):
    """The queue could not be read; its source is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptying:
    """What emptying a queue needs."""

    book: SourceBook
    taker: Taker
    teller: Teller
    clients: Clients
    rates: Rates = field(default_factory=Rates)
    clock: Callable[[], float] = time.monotonic


class Queues:
    """One thread for each source with a queue; `attend` starts those that are missing, and each ends by itself."""

    def __init__(self, emptying: Emptying) -> None:
        self._emptying = emptying
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}

    def attend(self) -> None:
        """See that each queue in the sources is being emptied; raises Misconfigured when the sources cannot be used."""
        for name, source in _queues(self._emptying.book).items():
            running = self._threads.get(name)
            if running is None or not running.is_alive():
                thread = threading.Thread(target=self._empty, args=(name, source), name=f"queue-{name}", daemon=True)
                self._threads[name] = thread
                thread.start()

    def close(self) -> None:
        """Begin nothing more. What is being asked for is not waited for: a message that comes stays in its queue."""
        self._stop.set()

    def _empty(self, name: str, source: QueueSource) -> None:
        emptier = Emptier(self._emptying, name, source, self._stop)
        failures = 0
        while not self._stop.is_set():
            try:
                if not emptier.still():
                    return
                emptier.once()
            except (QueueLost, FixgateError) as error:
                self._emptying.teller.refused(Way.SQS, "unavailable", str(error), name)
            except Exception as error:  # noqa: BLE001 - its text could quote a report, so that nothing else may log it
                self._emptying.teller.failed("a queue", error)
            else:
                failures = 0
                continue
            self._stop.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            failures += 1


class Emptier:
    """Empties the queue of one source; used by one thread."""

    def __init__(self, emptying: Emptying, name: str, source: QueueSource, stop: threading.Event) -> None:
        self._with = emptying
        self._name = name
        self._source = source
        self._stop = stop
        self._arn = ""

    def still(self) -> bool:
        """Whether the sources still say this of the queue."""
        return _queues(self._with.book).get(self._name) == self._source

    def once(self) -> None:
        """Take one message, if there is one and the source may send.

        Blocks for a few seconds more than `POLL_S` at most. Raises QueueLost, or what the taker raises.
        """
        wait = self._with.rates.ready(self._name, self._source, self._with.clock())
        if wait:
            self._stop.wait(min(wait, POLL_S))
            return
        client = self._called(lambda: self._with.clients(self._source))
        if not self._arn:
            self._arn = self._identify(client)
        answer = self._called(
            lambda: client.receive_message(QueueUrl=self._source.queue, MaxNumberOfMessages=1, WaitTimeSeconds=POLL_S)
        )
        for message in answer.get("Messages", ()):
            if not self._stop.is_set():
                self._take(client, message)

    def _take(self, client: Any, message: Mapping[str, Any]) -> None:
        body = str(message["Body"]).encode(errors="surrogatepass")
        limit = self._source.max_bytes
        if not body or len(body) > limit:
            why = f"a message of {len(body)} bytes, over {limit}, is left to the queue's redrive policy"
            self._with.teller.refused(Way.SQS, "oversized" if body else "malformed", why, self._name)
            return
        now = self._with.clock()
        self._with.rates.admit(self._name, self._source, now)
        self._with.rates.charge(self._name, self._source, len(body), now)
        place = self._with.taker.take(
            Taken(
                source=self._name,
                principal=f"sqs:{self._arn}",
                way=Way.SQS,
                body=body,
                delivery=str(message.get("MessageId", "")),
                form=self._source.formats[0] if self._source.formats else "",
                repository=self._source.repository or "",
            )
        )
        try:
            offset = place.offset.result(ACKNOWLEDGED_S)
        except TimeoutError:
            raise Transient("the broker does not say whether it has the report") from None
        self._with.teller.taken(Way.SQS, self._name, len(body), f"{place.topic}/{place.partition}/{offset}")
        self._called(lambda: client.delete_message(QueueUrl=self._source.queue, ReceiptHandle=message["ReceiptHandle"]))

    def _identify(self, client: Any) -> str:
        """The queue's ARN; says so when nothing puts aside what cannot be taken."""
        attributes = self._called(
            lambda: client.get_queue_attributes(QueueUrl=self._source.queue, AttributeNames=["All"])
        )["Attributes"]
        if "RedrivePolicy" not in attributes:
            why = "the queue has no redrive policy: a message that cannot be taken comes back until it expires"
            self._with.teller.warned(why, self._name)
        return str(attributes["QueueArn"])

    def _called(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            raise QueueLost(f"AWS answered {code}") from None
        except BotoCoreError as error:
            raise QueueLost(f"AWS was not reached: {type(error).__name__}") from None


def _queues(book: SourceBook) -> Mapping[str, QueueSource]:
    return {name: s for name, s in book.current().sources.items() if isinstance(s, QueueSource)}
