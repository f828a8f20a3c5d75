"""The neighbour: the same dedupe on quixstreams, exactly-once; run with the Python of its own environment.

One argument: a JSON object with `bootstrap`, `token` (a file with the token and its expiry), `group`, `source`,
`target`, `count`, `commit_every` (0: its default), `state` (a folder) and `instance` (the transactional id). It
authenticates with OAUTHBEARER as an identity of its own, like everybody else. Imports nothing of the project.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

SETTLED = {"acks": "all", "linger.ms": 5, "retry.backoff.ms": 10, "retry.backoff.max.ms": 100}
"""The producer settings that were measured to make transactions fast."""


def main(told: dict[str, Any]) -> None:
    """Hand on every record whose key was never seen; say when the first was in hand, and the processor time."""
    quixstreams: Any = importlib.import_module("quixstreams")
    configuration: Any = importlib.import_module("quixstreams.kafka.configuration")

    _let_producers_authenticate()

    def token(_config: str) -> tuple[str, float]:
        text, expiry = json.loads(Path(told["token"]).read_text())
        return text, expiry

    app: Any = quixstreams.Application(
        broker_address=configuration.ConnectionConfig(
            bootstrap_servers=told["bootstrap"],
            security_protocol="sasl_plaintext",
            sasl_mechanism="OAUTHBEARER",
            oauth_cb=token,
        ),
        consumer_group=told["group"],
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_every=told["commit_every"],
        state_dir=told["state"],
        auto_create_topics=False,
        producer_extra_config={**SETTLED, "transactional.id": told["instance"]},
        loglevel="WARNING",
    )
    seen = _Seen(app, told["count"])
    frame: Any = app.dataframe(app.topic(told["source"], value_deserializer="json", key_deserializer="bytes"))
    frame = frame.filter(seen.first, stateful=True)
    frame.to_topic(app.topic(told["target"], value_serializer="json", key_serializer="bytes"))
    app.run()
    cpu = time.process_time() - seen.cpu
    sys.stdout.write(json.dumps({"began": seen.began, "cpu": cpu, "steps": {}}) + "\n")


def _let_producers_authenticate() -> None:
    """Serve the token callback before the first transaction: the client that it pins does so only within `poll`."""
    producers: Any = importlib.import_module("quixstreams.kafka.producer")
    plain: Any = producers.ConfluentProducer

    class Authenticated(plain):  # type: ignore[misc]  # a class that is known only in its own environment
        """A producer whose first transaction waits for its token."""

        def init_transactions(self, *arguments: Any) -> None:
            """See confluent_kafka.Producer."""
            self.poll(1.0)
            plain.init_transactions(self, *arguments)

    producers.ConfluentProducer = Authenticated


class _Seen:
    """Counts, and stops the application after the last record."""

    def __init__(self, app: Any, count: int) -> None:
        self.began = 0.0
        self.cpu = 0.0
        self._app = app
        self._left = count

    def first(self, _value: Any, state: Any) -> bool:
        """Whether the key is new; the state is the key's own."""
        if not self.began:
            self.began, self.cpu = time.time(), time.process_time()
        self._left -= 1
        if not self._left:
            self._app.stop()
        if state.get("seen"):
            return False
        state.set("seen", True)
        return True


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
