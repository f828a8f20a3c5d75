"""A scanner's side: publishes a report with a Kafka producer and a token, and with nothing of this project.

The token is a JWT-SVID for the audience `kafka`; this fetches it with the `spiffe` library from the Workload API at
SPIFFE_ENDPOINT_SOCKET, as whatever that socket knows this process to be. `spire-agent api fetch jwt` does as well.

KAFKA=host:port SPIFFE_ENDPOINT_SOCKET=unix:///… python examples/scanner.py REPORT [SOURCE]
"""

import os
import sys
from pathlib import Path

from confluent_kafka import KafkaError, Message, Producer
from spiffe import WorkloadApiClient

outcome: list[str] = []
TOPIC = os.environ.get("TOPIC", "fixgate.findings.raw")


def token(_config: str) -> tuple[str, float]:
    """A fresh token and when it ends; the client asks again before that."""
    with WorkloadApiClient(os.environ["SPIFFE_ENDPOINT_SOCKET"]) as client:
        svid = client.fetch_jwt_svid({"kafka"})
    return svid.token, float(svid.expiry)


def delivered(error: KafkaError | None, message: Message) -> None:
    """The broker has the report, on all its replicas, or it never will."""
    place = f"{message.topic()}/{message.partition()}/{message.offset()}"
    outcome.append(place if error is None else f"not published: {error.str()}")


def main(report: Path, source: str) -> None:
    """Publish one report and wait until it is acknowledged."""
    producer = Producer(
        {
            "bootstrap.servers": os.environ["KAFKA"],
            "security.protocol": "SASL_PLAINTEXT",  # SASL_SSL on a cluster with TLS
            "sasl.mechanisms": "OAUTHBEARER",
            "oauth_cb": token,
            "acks": "all",
            "partitioner": "murmur2",
            "message.max.bytes": 9 * 1024 * 1024,  # a report may have 8 MiB
        }
    )
    headers: list[tuple[str, str | bytes | None]] = [("fixgate-source", source.encode())]
    producer.produce(TOPIC, report.read_bytes(), source.encode(), headers=headers, on_delivery=delivered)
    producer.flush(30)
    said = outcome[0] if outcome else "not published: no answer in 30 s"
    if said.startswith("not"):
        sys.exit(said)
    sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "example")  # noqa: PLR2004 - an optional argument
