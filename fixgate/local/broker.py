"""The embedded broker: Apache Kafka in KRaft mode, one node, its grants enforced, its clients known by JWT-SVID.

Three listeners on the loopback address. CLIENT takes OAUTHBEARER tokens of the identity authority and nothing else;
INTERNAL (the broker to itself) and CONTROLLER take a secret made at each start. The provisioner is a super user, nobody
else is. Settings that are not Kafka's defaults give their reason beside them.
"""

import secrets
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fixgate.errors import Unavailable
from fixgate.graph import MIB
from fixgate.local.home import Home, write_atomically
from fixgate.local.ports import LOOPBACK
from fixgate.local.process import Program

AUDIENCE = "kafka"
"""The `aud` that the broker wants in a token."""
NAME = "broker"
HEAP = 512 * MIB
MAX_MESSAGE_BYTES = 8 * MIB + 128 * 1024
"""The largest record of any topic, with room for its headers and the batch's own."""
REAUTHENTICATE_MS = 30_000
"""How long a session may live on one token: it bounds what a revoked identity can still do."""
_FORMAT_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlan:
    """What a broker of one stack is made of; the same for each restart within a run."""

    home: Home
    java: Path
    jars: Sequence[Path]
    client_port: int
    internal_port: int
    controller_port: int
    issuer: str
    """The only `iss` accepted."""
    super_user: str
    """The provisioner's SPIFFE ID."""

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        return f"{LOOPBACK}:{self.client_port}"

    @property
    def properties_file(self) -> Path:
        """The broker's configuration; holds the internal secret."""
        return self.home.kafka / "server.properties"

    @property
    def logging_file(self) -> Path:
        """The broker's logging configuration."""
        return self.home.kafka / "log4j2.yaml"

    @property
    def data(self) -> Path:
        """The broker's data; kept from run to run."""
        return self.home.kafka / "data"


def prepare(plan: BrokerPlan) -> None:
    """Write the configuration, and format the data folder when it is new; blocks for about a second then.

    Raises Unavailable when formatting fails.
    """
    lines = (f"{key}={_escaped(value)}" for key, value in properties(plan, secrets.token_urlsafe(32)).items())
    write_atomically(plan.properties_file, ("\n".join(lines) + "\n").encode())
    write_atomically(plan.logging_file, _LOGGING.encode())
    if (plan.data / "meta.properties").exists():
        return
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    command = _java(plan, "kafka.tools.StorageTool", "-Xmx128m")
    said = subprocess.run(
        [*command, "format", f"--cluster-id={cluster_id}", "--config", str(plan.properties_file), "--ignore-formatted"],
        capture_output=True,
        text=True,
        cwd=plan.home.path,
        timeout=_FORMAT_TIMEOUT_S,
        check=False,
        errors="replace",
    )
    if said.returncode != 0:
        why = (said.stderr or said.stdout).strip().splitlines()[-1:]
        raise Unavailable(f"the broker's data folder could not be formatted: {''.join(why)}")


def program(plan: BrokerPlan) -> Program:
    """The broker as a process to be supervised."""
    jvm = [
        f"-Xmx{HEAP // MIB}m",
        "-XX:+UseSerialGC",
        # A broker that lives for minutes beside everything else spends more on the second compiler than it gains by it:
        # the first 1,500 small transactions took 6.5 s of processor time instead of 11.2, and 40 MiB less.
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={plan.home.logs}/broker-crash.log",
        f"-Dlog4j2.configurationFile={plan.logging_file.as_uri()}",
        # Without this the JVM side refuses to read keys from a file.
        f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={plan.home.jwks.as_uri()}",
    ]
    return Program(
        name=NAME, command=(*_java(plan, "kafka.Kafka", *jvm), str(plan.properties_file)), cwd=plan.home.path
    )


def properties(plan: BrokerPlan, secret: str) -> Mapping[str, str]:
    """The broker's configuration; `secret` guards the listeners that are not for clients."""
    return {**_listeners(plan), **_clients(plan), **_internal(secret), **_grants(plan), **_storage(plan), **_TIMES}


def _escaped(value: str) -> str:
    """One value in the format of java.util.Properties: it ends no line and stands for nothing else."""
    units = value.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    short = {0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}
    return "".join(
        short.get(c) or (chr(c) if chr(c).isascii() and chr(c).isprintable() else f"\\u{c:04x}") for c in codes
    )


def _java(plan: BrokerPlan, main_class: str, *options: str) -> tuple[str, ...]:
    class_path = ":".join(map(str, plan.jars))
    # No files in the system's temporary folder, which the performance counters would leave behind after a kill.
    base = ("-XX:-UsePerfData", "-Djava.awt.headless=true", "-Djava.net.preferIPv4Stack=true")
    return (str(plan.java), *base, *options, "-cp", class_path, main_class)


def _listeners(plan: BrokerPlan) -> dict[str, str]:
    client, internal = f"CLIENT://{plan.bootstrap}", f"INTERNAL://{LOOPBACK}:{plan.internal_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{plan.controller_port}",
        "listeners": f"{client},{internal},CONTROLLER://{LOOPBACK}:{plan.controller_port}",
        "advertised.listeners": f"{client},{internal}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "INTERNAL",
        "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
    }


def _clients(plan: BrokerPlan) -> dict[str, str]:
    oauth = "org.apache.kafka.common.security.oauthbearer"
    return {
        "listener.name.client.sasl.enabled.mechanisms": "OAUTHBEARER",
        "listener.name.client.oauthbearer.sasl.jaas.config": f"{oauth}.OAuthBearerLoginModule required;",
        "listener.name.client.oauthbearer.sasl.server.callback.handler.class": (
            f"{oauth}.OAuthBearerValidatorCallbackHandler"
        ),
        "listener.name.client.oauthbearer.connections.max.reauth.ms": str(REAUTHENTICATE_MS),
        "sasl.oauthbearer.jwks.endpoint.url": plan.home.jwks.as_uri(),
        "sasl.oauthbearer.jwks.endpoint.refresh.ms": "1000",
        "sasl.oauthbearer.expected.audience": AUDIENCE,
        "sasl.oauthbearer.expected.issuer": plan.issuer,
        "sasl.oauthbearer.sub.claim.name": "sub",
        # One machine, one clock.
        "sasl.oauthbearer.clock.skew.seconds": "2",
    }


def _internal(secret: str) -> dict[str, str]:
    login = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{NAME}" password="{secret}" user_{NAME}="{secret}";'
    )
    return {
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.internal.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.internal.plain.sasl.jaas.config": login,
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": login,
    }


def _grants(plan: BrokerPlan) -> dict[str, str]:
    return {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{NAME};User:{plan.super_user}",
        "auto.create.topics.enable": "false",
    }


def _storage(plan: BrokerPlan) -> dict[str, str]:
    replicated_once = {
        f"{topic}.{setting}": "1"
        for topic in ("transaction.state.log", "share.coordinator.state.topic")
        for setting in ("replication.factor", "min.isr")
    }
    return {
        "log.dirs": str(plan.data),
        "message.max.bytes": str(MAX_MESSAGE_BYTES),
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        **replicated_once,
        # Fewer partitions of the internal topics: 50 each by default, all loaded at a start.
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.num.partitions": "1",
        # Each request goes from thread to thread, and on a machine of few cores, which this broker shares with all its
        # clients, fewer of them (3 and 8 by default) take about a sixth less processor time for a transaction.
        "num.network.threads": "1",
        "num.io.threads": "2",
        # The default takes 128 MiB of the heap.
        "log.cleaner.dedupe.buffer.size": str(16 * MIB),
    }


_TIMES: Mapping[str, str] = {
    # A killed broker cannot register again until its old session has lapsed (9 s by default).
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    # A group of one machine need not wait for latecomers (3 s by default).
    "group.initial.rebalance.delay.ms": "0",
    # Services may ask for sessions shorter than the default minimum of 6 s: their failover is that much faster.
    "group.min.session.timeout.ms": "1000",
    # A quiet topic's positions outlive its records (7 days by default); services keep them in their state too.
    "offsets.retention.minutes": "527040",
    # A transaction that timed out is aborted within a second (10 s by default); until then its readers wait.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
}

# The broker logs a refused token in full: what names it is silenced.
_LOGGING = """\
Configuration:
  status: WARN
  Appenders:
    Console:
      name: STDOUT
      PatternLayout:
        pattern: "%d{ISO8601} %p %m (%c)%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        - ref: STDOUT
    Logger:
      - name: kafka.server.KafkaRaftServer
        level: INFO
      - name: org.apache.kafka.common.security.oauthbearer
        level: "OFF"
"""
