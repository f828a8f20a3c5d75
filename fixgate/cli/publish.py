"""`fixgate publish`: a report onto `findings.raw`, as a scanner."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from fixgate.cli import cluster
from fixgate.cli.parse import STANDARD_INPUT, Format, Repository, contents
from fixgate.cli.storing import Storing, spooled, too_large
from fixgate.cli.vouched import vouched
from fixgate.errors import Misconfigured, Refused, Unavailable

if TYPE_CHECKING:
    from fixgate.identity import WorkloadIdentity
    from fixgate.settings import Settings

Headers = list[tuple[str, str | bytes | None]]
PARTY = "scanner"
TOPIC = "findings.raw"
ACKNOWLEDGED_S = 30
"""Seconds in which the broker must have a report."""
IDENTITY_S = 10
"""Seconds in which there must be an identity."""
LARGEST = 9 * 1024 * 1024
"""Bytes of a message as the client counts them: a report of 8 MiB, its key and its headers."""


def publish(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Reports; - is standard input.")],
    *,
    source: Annotated[str, typer.Option("--source", metavar="S", help="Name of the source.")] = "",
    form: Format = "",
    repository: Repository = "",
    bootstrap: cluster.Bootstrap = "",
    tls: cluster.Tls = False,
    ca: cluster.Ca = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Publish reports as they are, large ones sealed in the object store; done when the broker has them all."""
    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.identity import WorkloadIdentity  # noqa: PLC0415 - slow to import
    from fixgate.topology import PIPELINE  # noqa: PLC0415 - slow to import

    configured = settings.load()
    headers = _headers(source or PARTY, form, repository)
    key = (source or PARTY).encode()
    with ExitStack() as held:
        # All are looked at before the first is sent: a typo in the last name must not leave half of them published.
        limit = PIPELINE.topic(TOPIC).max_bytes
        reports = [_report(name, limit, configured, held) for name in files]
        servers = cluster.bootstrap_servers(configured, bootstrap)
        identity = WorkloadIdentity(cluster.workload_api(configured, PARTY), deadline_s=IDENTITY_S)
        held.callback(identity.close)
        sender = Sender(identity, servers, f"{configured.prefix}{TOPIC}", tls=tls or configured.kafka_tls, ca=ca)
        for report in reports:
            value, more, segments = report.sendable()
            partition, offset = sender.send(value, key, [*headers, *more])
            _say(report, segments, partition, offset, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """A report that is to be sent: its bytes, or a file and where it is to be stored."""

    name: str
    size: int
    value: bytes = b""
    large: tuple[BinaryIO, Storing] | None = None

    def sendable(self) -> tuple[bytes, Headers, int]:
        """What is sent, with which headers besides, and in how many segments the report was stored before."""
        if self.large is None:
            return self.value, [], 0
        from fixgate.segments import REFERENCE, VERSION  # noqa: PLC0415 - slow to import

        file, storing = self.large
        manifest = storing.store(self.name, file, self.size)
        return manifest.encode(), [(REFERENCE, VERSION.encode())], len(manifest.segments)


class Sender:
    """Sends reports one by one, each acknowledged by all replicas."""

    def __init__(
        self, identity: "WorkloadIdentity", servers: str, topic: str, *, tls: bool = False, ca: Path | None = None
    ) -> None:
        from confluent_kafka import Producer  # noqa: PLC0415 - slow to import

        from fixgate.kafka.settings import quietly  # noqa: PLC0415 - slow to import

        config: dict[str, Any] = {
            **quietly(identity.kafka_client_config(servers, tls=tls or ca is not None)),
            "acks": "all",
            "partitioner": "murmur2",
            "message.max.bytes": LARGEST,
            "delivery.timeout.ms": ACKNOWLEDGED_S * 1000,
        }
        if ca is not None:
            config["ssl.ca.location"] = str(ca)
        self._producer = Producer(config)
        self._identity = identity
        self._servers, self._topic = servers, topic

    def send(self, report: bytes, key: bytes, headers: Headers) -> tuple[int, int]:
        """Partition and offset, once the broker has it; raises Refused or Unavailable.

        This identity vouches for it, whoever did before.
        """
        outcome: list[tuple[Any, Any]] = []
        given = tuple((n, v if isinstance(v, bytes) else (v or "").encode()) for n, v in headers)
        headers = [*vouched(self._identity, report, key, given)]

        def delivered(error: Any, message: Any) -> None:
            outcome.append((error, message))

        self._producer.produce(self._topic, report, key, headers=headers, on_delivery=delivered)
        self._producer.flush(ACKNOWLEDGED_S + 5)
        if not outcome:
            raise Unavailable(
                f"{self._servers} did not acknowledge the report in {ACKNOWLEDGED_S} s",
                remedy="It may have arrived all the same; publishing it again does no harm.",
            )
        error, message = outcome[0]
        if error is not None:
            _raise(error, self._servers, self._topic)
        return message.partition(), message.offset()


def _raise(error: Any, servers: str, topic: str) -> None:
    from confluent_kafka import KafkaError  # noqa: PLC0415 - slow to import

    refused = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED}
    if error.code() in refused:
        raise Refused(f"{servers} does not let {PARTY} write {topic}", remedy="Check the identity and the ACLs.")
    raise Unavailable(f"{servers} did not take the report: {error.str()}", remedy="`fixgate status` shows the stack.")


def _report(name: str, limit: int, settings: "Settings", held: ExitStack) -> _Report:
    """The report of this name; a file that is open for it is closed with `held`."""
    report, _ = contents(name, limit)
    if not report:
        raise Refused(f"{name} is empty: there is nothing to publish")
    if len(report) <= limit:
        return _Report(name=name, size=len(report), value=report)
    most = settings.report_limit
    if name == STANDARD_INPUT:
        storing = Storing(settings)
        file, size = spooled(report, most)
        held.enter_context(file)
    else:
        size = Path(name).stat().st_size
        if size > most:
            raise too_large(name, str(size), most)
        storing = Storing(settings)
        file = held.enter_context(Path(name).open("rb"))  # noqa: SIM115 - `held` closes it
    return _Report(name=name, size=size, large=(file, storing))


def _headers(source: str, form: str, repository: str) -> Headers:
    named = {"fixgate-source": source, "fixgate-format": form, "fixgate-repository": repository}
    for name, value in named.items():
        if not value.isprintable():
            raise Misconfigured(f"{name} has characters that cannot be printed")
    return [(name, value.encode()) for name, value in named.items() if value]


def _say(report: _Report, segments: int, partition: int, offset: int, *, as_json: bool) -> None:
    said = {"file": report.name, "bytes": report.size, "topic": TOPIC, "partition": partition, "offset": offset}
    if as_json:
        typer.echo(json.dumps(said | ({"segments": segments} if segments else {})))
        return
    stored = f", stored in {segments} segments" if segments else ""
    typer.echo(f"{report.name}: {report.size} bytes are {TOPIC}/{partition}/{offset}{stored}")
