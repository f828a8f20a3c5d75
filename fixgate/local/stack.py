"""A whole stack: what is started in which order, when it is ready, and how it ends. Used by `fixgate up` and tests.

The steps of a start, each reported as it goes on:

1. folder: made, owned by this user, writable, with space; locked; what a dead stack left behind killed; ports free
2. java, jars: found or fetched
3. authority: started, and it gave the provisioner a token
4. broker: configured, formatted when new, started, and it answered the provisioner over the wire
5. topics: created, with the grants that the topology declares
6. services: started, and each has its shards

Whatever goes wrong, what was started is stopped again before the error is raised.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fixgate.errors import Unavailable
from fixgate.graph import Topology
from fixgate.local import account, authority, broker, jars, java, statefile
from fixgate.local.authority import config as authority_config
from fixgate.local.authority.config import CONFIG, AuthorityConfig
from fixgate.local.credentials import kafka_credentials
from fixgate.local.home import Home, disk_errors, take_lock
from fixgate.local.ports import check_free, free_ports
from fixgate.local.process import Program, module, start_time
from fixgate.local.progress import Report, Step, silent
from fixgate.local.readiness import READY_TIMEOUT_S, Readiness
from fixgate.local.statefile import Phase, ProcessState, StackState
from fixgate.local.supervisor import Supervisor
from fixgate.settings import Settings
from fixgate.topology import PIPELINE, PROVISIONER

Provision = Callable[[Topology, Settings, Mapping[str, Any]], None]
"""Creates topics and grants, given the configuration of a client that may."""

Services = Callable[["Stack"], Sequence[Program]]
"""Says what else to start, given the stack with its broker ready."""

TOPICS, SERVICES = "topics", "services"
_logger = logging.getLogger(__name__)


def provision_topology(topology: Topology, settings: Settings, admin: Mapping[str, Any]) -> None:
    """Make the broker hold exactly what the topology says."""
    # Imported here: it brings the Kafka client with it.
    from fixgate import provisioning  # noqa: PLC0415 - see above

    provisioning.provision(topology, settings.prefix, admin, trust_domain=settings.trust_domain)


def no_services(_stack: "Stack") -> Sequence[Program]:
    """Only the authority and the broker."""
    return ()


class Stack:
    """One embedded stack in one folder; also a context manager.

    `start` and `stop` block. All other methods may be called from any thread while it runs.
    """

    def __init__(
        self,
        home: Path,
        *,
        settings: Settings | None = None,
        topology: Topology = PIPELINE,
        services: Services = no_services,
        provision: Provision = provision_topology,
        report: Report = silent,
        x509_ttl_s: int = authority_config.X509_TTL_S,
        jwt_ttl_s: int = authority_config.JWT_TTL_S,
    ) -> None:
        self.home = Home(home.absolute())
        self.settings = (settings or Settings()).model_copy(update={"home": self.home.path})
        self.topology = topology
        self._services = services
        self._provision = provision
        self._report = report
        self._ttls = {"x509_ttl_s": x509_ttl_s, "jwt_ttl_s": jwt_ttl_s}
        self._lock: int | None = None
        self._phase = Phase.STARTING
        self._plan: broker.BrokerPlan | None = None
        self._supervisor: Supervisor | None = None
        self._publishing = threading.Lock()
        self._addresses: dict[str, str] = {}

    # What it is.

    @property
    def bootstrap(self) -> str:
        """The broker's address; raises Unavailable before the start."""
        if self._plan is None:
            raise Unavailable("the stack has not been started")
        return self._plan.bootstrap

    def socket(self, party: str) -> str:
        """The address of a party's Workload API socket."""
        self.topology.party(party)
        return f"unix://{self.home.socket(party)}"

    def announce(self, name: str, address: str) -> None:
        """Make the address of something that will run known to others, through the state file."""
        self._addresses[name] = address

    def address(self, name: str) -> str:
        """An address that was announced; raises Unavailable when none was."""
        if name not in self._addresses:
            raise Unavailable(f"this stack has no address for {name}")
        return self._addresses[name]

    def environment(self, party: str) -> dict[str, str]:
        """The settings that make a process a member of this stack with the party's identity."""
        # Where objects are the commands take from the same settings: what one stores the others must find.
        return {
            "FIXGATE_HOME": str(self.home.path),
            "FIXGATE_CACHE_DIR": str(self.settings.cache_dir),
            "FIXGATE_BOOTSTRAP_SERVERS": self.bootstrap,
            "FIXGATE_WORKLOAD_API": self.socket(party),
            "FIXGATE_TRUST_DOMAIN": self.settings.trust_domain,
            "FIXGATE_PREFIX": self.settings.prefix,
        } | ({"FIXGATE_OBJECTS": self.settings.objects} if self.settings.objects else {})

    @property
    def processes(self) -> tuple[ProcessState, ...]:
        """All processes of the stack."""
        return self.supervisor.processes()

    @property
    def supervisor(self) -> Supervisor:
        """The processes' keeper; raises Unavailable when the stack is not running."""
        if self._supervisor is None:
            raise Unavailable("the stack is not running")
        return self._supervisor

    # Its life.

    def start(self, *, lock: int | None = None) -> Self:
        """Start everything and return when it is ready; `lock` is the home's lock where the caller holds it already.

        Raises Misconfigured, Refused or Unavailable; then nothing is left running.
        """
        try:
            with disk_errors(self.home.path):
                self._start(lock)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop everything that was started: services, the account, broker, authority; nothing when nothing was."""
        self._phase = Phase.STOPPING
        try:
            if self._supervisor is not None:
                self._supervisor.close(last=(account.NAME, broker.NAME, authority.NAME))
        finally:
            self._supervisor = None
            if self._lock is not None:
                self.home.state.unlink(missing_ok=True)
                os.close(self._lock)
                self._lock = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()

    # Its processes.

    def add(self, program: Program) -> ProcessState:
        """Start a further process, kept alive like the others."""
        return self.supervisor.launch(program)

    def kill(self, name: str, number: int = signal.SIGKILL) -> ProcessState:
        """Send a signal, kill -9 by default, to a process; the state from before. It comes back by itself."""
        return self.supervisor.signal(name, number)

    def restart(self, name: str) -> ProcessState:
        """Stop a process in good order, start it again, and return when it is ready."""
        program = self.supervisor.program(name)
        self.supervisor.stop(name)
        self.supervisor.launch(program)
        return self.wait_ready(name)

    def wait_ready(
        self, name: str, *, after: ProcessState | None = None, timeout_s: float = READY_TIMEOUT_S
    ) -> ProcessState:
        """Block until the process runs, answers where it is the authority, the broker or the account, and has shards.

        With `after`, what `kill` answered, it must be another process than that one. Raises Misconfigured or
        Unavailable when it has stopped for good, Unavailable when it takes too long.
        """
        return self._readiness.wait(name, after, timeout_s)

    # The authority.

    def configure_authority(self, change: Callable[[AuthorityConfig], AuthorityConfig]) -> AuthorityConfig:
        """Change what the authority is told, and tell it; it takes the change a moment later, or logs why not."""
        path = self.home.identity / CONFIG
        config = change(authority_config.read(path))
        authority_config.write(path, config)
        self.supervisor.signal(authority.NAME, signal.SIGHUP)
        return config

    # The steps.

    def _start(self, lock: int | None) -> None:
        self._phase = Phase.STARTING
        self._prepare_folder(lock)
        self._supervisor = Supervisor(self.home, self._publish)
        self._publish(())
        program = java.ensure(self.settings.cache_dir, report=self._report)
        class_path = jars.ensure(self.settings.cache_dir, report=self._report)
        self._plan = self._plan_broker(program, class_path)
        self._start_authority()
        self._start_broker(self._plan)
        self._start_services()
        self._phase = Phase.READY
        self._publish(self.processes)

    def _prepare_folder(self, lock: int | None) -> None:
        self.home.check_sockets(self.topology.parties)
        self.home.prepare()
        self._lock = take_lock(self.home) if lock is None else lock
        for name in statefile.remove_stale(self.home):
            _logger.warning("%s was left behind by a stack that was killed; it has been stopped", name)
        self.home.check_space()
        if self.settings.kafka_port:
            check_free(self.settings.kafka_port)

    def _plan_broker(self, program: Path, class_path: Sequence[Path]) -> broker.BrokerPlan:
        client, internal, controller = free_ports(3)
        return broker.BrokerPlan(
            home=self.home,
            java=program,
            jars=class_path,
            client_port=self.settings.kafka_port or client,
            internal_port=internal,
            controller_port=controller,
            issuer=authority.issuer(self.settings.trust_domain),
            super_user=self.settings.spiffe_id(self.topology.party(PROVISIONER).path),
        )

    def _start_authority(self) -> None:
        self._report(Step(authority.NAME))
        path = self.home.identity / CONFIG
        config = authority_config.for_topology(self.topology, self.settings.trust_domain)
        if path.exists():
            # The keys on disk are of these generations.
            kept = authority_config.read(path)
            config = config.model_copy(update={"generation": kept.generation, "retire": kept.retire})
        authority_config.write(path, config.model_copy(update=self._ttls))
        self.supervisor.launch(
            Program(
                name=authority.NAME, command=module("fixgate.local.authority", str(self.home.identity)), grace_s=5.0
            )
        )
        self._readiness.wait_first(authority.NAME)
        self._report(Step(authority.NAME, 1, 1))

    def _start_broker(self, plan: broker.BrokerPlan) -> None:
        self._report(Step(broker.NAME))
        broker.prepare(plan)
        self.supervisor.launch(broker.program(plan))
        self._readiness.wait_first(broker.NAME)
        self._report(Step(broker.NAME, 1, 1))
        self._report(Step(TOPICS))
        with kafka_credentials(self.bootstrap, self.socket(PROVISIONER)) as credentials:
            self._provision(self.topology, self.settings, credentials)
        self._report(Step(TOPICS, 1, 1))

    def _start_services(self) -> None:
        programs = self._services(self)
        for done, program in enumerate(programs):
            self._report(Step(SERVICES, done, len(programs), program.name))
            self.supervisor.launch(program)
            if program.name == account.NAME:
                self._readiness.wait_first(program.name)
        for program in programs:
            if program.tells:
                what = "listens" if program.presence is None else "gets its shards"
                self._report(Step(SERVICES, len(programs) - 1, len(programs), f"{program.name} {what}"))
                self._readiness.wait(program.name)
        if programs:
            self._report(Step(SERVICES, len(programs), len(programs)))

    @property
    def _readiness(self) -> Readiness:
        return Readiness(
            home=self.home,
            supervisor=self.supervisor,
            bootstrap=self.bootstrap,
            workload_api=self.socket(PROVISIONER),
        )

    def _publish(self, processes: Sequence[ProcessState]) -> None:
        state = StackState(
            phase=self._phase,
            bootstrap=self._plan.bootstrap if self._plan else "",
            trust_domain=self.settings.trust_domain,
            supervisor_pid=os.getpid(),
            supervisor_started=start_time(os.getpid()) or 0.0,
            processes=tuple(processes),
            addresses=dict(self._addresses),
        )
        try:
            with self._publishing:
                statefile.write(self.home, state)
        except OSError as error:
            # Called by the watch, with whose end all processes end: a full disk must not stop them.
            _logger.error("the state file could not be written: %s", error)  # noqa: TRY400 - the message says it all
