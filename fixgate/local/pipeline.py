"""What `fixgate up` runs besides broker and authority: an emulated account, a witness, the log, services, the receiver.

The witness is the deployment's own, which is good for development: where it counts, somebody else runs one.

Each service is told only what it needs, and has its own identity's socket. Keys are made in the home at the first
start. A service starts without a roster too: then nobody counts, and nothing is automatic.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fixgate.errors import Unavailable
from fixgate.files import write_private
from fixgate.local import account, authority
from fixgate.local.account import config as account_config
from fixgate.local.account.acme import acme
from fixgate.local.account.scenario import Scenario
from fixgate.local.home import Home
from fixgate.local.ports import LOOPBACK, check_free, free_ports
from fixgate.local.process import Program, Restart, module
from fixgate.local.stack import Stack
from fixgate.log.keys import load_or_generate
from fixgate.log.note import Kind
from fixgate.log.places import Places
from fixgate.presence import Presence
from fixgate.sealing import generate
from fixgate.topology import LOG, PIPELINE, RECEIVER

AWS, GIT, ISSUER, WITNESS = "aws", "git", "issuer", "witness"
"""Names of addresses in the state file."""
REPORTS_KEY, SNAPSHOTS_KEY, INTAKE_KEY, HASH_KEY = "reports", "snapshots", "intake", "hash.key"
CEILING = "ceiling.json"
"""The signed ceiling's file in the home; without it nothing is ever automatic."""
SERVICES = ("ingest", "analyzer", "proposer", "gate", "issuer", "executor")
_HASH_KEY_BYTES = 32
NICENESS = {"issuer": 5, "executor": 5, LOG: 10, WITNESS: 10}
"""On one machine what is to be decided goes before what was decided, and that before the keeping of records.

Each has its own time: a change its minutes, the log the minute of law 14.
"""


Account = Callable[[str], Scenario]
"""What the emulated account holds at its start, given the trust domain."""


def pipeline_services(stack: Stack, holding: Account = acme) -> Sequence[Program]:
    """The programs, in the order in which they are started; makes keys and the account's configuration.

    Raises Misconfigured, Unavailable or OSError.
    """
    _make_keys(stack.home)
    _announce(stack)
    settings = _settings(stack)
    services = (
        Program(
            name=name,
            command=module(f"services.{name}"),
            env={**stack.environment(name), "FIXGATE_SLOT": "0", **settings[name]},
            presence=Presence(stack.home.path / "state", name),
            niceness=NICENESS.get(name, 0),
        )
        for name in SERVICES
    )
    return (_account(stack, holding), *_log(stack), *services, _receiver(stack))


def _log(stack: Stack) -> Sequence[Program]:
    """The log, and a witness that says when it saw it, unless there is one elsewhere."""
    own, places = stack.settings, Places(stack.settings)
    if own.log_witness_url:
        told = {"FIXGATE_LOG_WITNESS_URL": own.log_witness_url, "FIXGATE_LOG_WITNESS_KEY": own.log_witness_key}
        return (_log_program(stack, told),)
    # Made here, because each needs the other's.
    log_key = load_or_generate(places.log_key, places.origin, Kind.ED25519).verifier.dump()
    witness_key = load_or_generate(places.witness_key, places.witness_name, Kind.COSIGNATURE).verifier.dump()
    (port,) = free_ports(1)
    url = f"http://{LOOPBACK}:{port}"
    stack.announce(WITNESS, url)
    told = {"FIXGATE_LOG_WITNESS_URL": url, "FIXGATE_LOG_WITNESS_KEY": witness_key}
    command = module("fixgate.cli", "log", "witness", "--port", str(port), "--log", log_key)
    env = {"FIXGATE_HOME": str(own.home), "FIXGATE_TRUST_DOMAIN": own.trust_domain}
    return (
        Program(name=WITNESS, command=command, env=env, grace_s=5.0, niceness=NICENESS[WITNESS]),
        _log_program(stack, told),
    )


def _log_program(stack: Stack, told: Mapping[str, str]) -> Program:
    env = {**stack.environment(LOG), **told}
    return Program(name=LOG, command=module("fixgate.log"), env=env, niceness=NICENESS[LOG])


def _receiver(stack: Stack) -> Program:
    """The receiver, without TLS on the loopback interface; at the address of the settings, where they name one."""
    own = stack.settings
    address = own.receiver or f"{LOOPBACK}:{free_ports(1)[0]}"
    stack.announce(RECEIVER, f"http://{address}")
    told = {
        "FIXGATE_RECEIVER": address,
        "FIXGATE_RECEIVER_TLS": "false",
        "FIXGATE_SOURCES": own.sources,
        # What ingest opens, and where it looks: for reports that no message holds.
        "FIXGATE_INTAKE_KEY": str(stack.home.intake),
        "FIXGATE_OBJECTS": own.objects or str(stack.home.objects),
    }
    port = address.rpartition(":")[2]
    return Program(
        name=RECEIVER,
        command=module("fixgate.receiving"),
        env={**stack.environment(RECEIVER), **told},
        port=int(port) if port.isdecimal() else None,
    )


def _announce(stack: Stack) -> None:
    aws, git = _account_ports(stack.home)
    (issuer,) = free_ports(1)
    stack.announce(AWS, f"http://{LOOPBACK}:{aws}")
    stack.announce(GIT, f"http://{LOOPBACK}:{git}")
    stack.announce(ISSUER, f"{LOOPBACK}:{issuer}")


def _account_ports(home: Home) -> tuple[int, int]:
    """Those of the last start where they are free: a repository's address is part of what is known of it."""
    path = home.account / account_config.CONFIG
    if path.exists():
        last = account_config.read(path)
        try:
            for port in (last.api_port, last.git_port):
                check_free(port)
        except Unavailable:
            pass
        else:
            return last.api_port, last.git_port
    api, git = free_ports(2)
    return api, git


def _account(stack: Stack, holding: Account) -> Program:
    domain = stack.settings.trust_domain
    ports = [int(stack.address(name).rpartition(":")[2]) for name in (AWS, GIT)]
    config = account_config.AccountConfig(
        trust_domain=domain,
        issuer=authority.issuer(domain),
        jwks=stack.home.jwks,
        api_port=ports[0],
        git_port=ports[1],
        token_issuer=stack.settings.spiffe_id(PIPELINE.party("issuer").path),
        scenario=holding(domain),
    )
    account_config.write(stack.home.account / account_config.CONFIG, config)
    command = module("fixgate.local.account", str(stack.home.account))
    # Started again it would be as at its beginning: what was changed in it would seem never to have been.
    return Program(name=account.NAME, command=command, restart=Restart.NEVER, grace_s=5.0)


def _settings(stack: Stack) -> Mapping[str, Mapping[str, str]]:
    """What each service is told besides what all are."""
    home, keys = stack.home.path, stack.home.keys
    people = {"FIXGATE_ROSTER": stack.settings.roster or _pinned_roster(home)}
    aws = {"FIXGATE_AWS_ENDPOINT": stack.address(AWS), "FIXGATE_GIT_MIRRORS": stack.address(GIT)}
    git = {"FIXGATE_GIT_HOST": stack.address(GIT)}
    issuer = {"FIXGATE_ISSUER": stack.address(ISSUER)}
    ceiling = {"FIXGATE_CEILING": stack.settings.ceiling or _if_there(home / CEILING)}
    return {
        "ingest": {
            "FIXGATE_HASH_KEY": str(keys / HASH_KEY),
            "FIXGATE_SEALING_KEY": str(keys / f"{REPORTS_KEY}.pub"),
            "FIXGATE_INTAKE_PRIVATE_KEY": str(keys / f"{INTAKE_KEY}.key"),
        },
        "analyzer": {**people, **aws},
        "proposer": people,
        "gate": {**people, **ceiling},
        "issuer": {**people, **ceiling, **issuer, **aws, **git},
        "executor": {
            **people,
            **issuer,
            **aws,
            **git,
            "FIXGATE_SNAPSHOT_KEY": str(keys / f"{SNAPSHOTS_KEY}.key"),
        },
    }


def _pinned_roster(home: Path) -> str:
    # Imported here: it brings what people's statements need.
    from fixgate.people.places import RosterFiles  # noqa: PLC0415 - see above

    return RosterFiles(home).pin


def _if_there(path: Path) -> str:
    return str(path) if path.exists() else ""


def _make_keys(home: Home) -> None:
    """The keys that are missing, each with mode 0600."""
    for name in (REPORTS_KEY, SNAPSHOTS_KEY, INTAKE_KEY):
        # A private half alone is what a crash left, and nothing was sealed for it; a public one alone is as it should
        # be where the private one is kept elsewhere.
        if not (home.keys / f"{name}.pub").exists():
            (home.keys / f"{name}.key").unlink(missing_ok=True)
            generate(home.keys, name)
    if not (home.keys / HASH_KEY).exists():
        write_private(home.keys / HASH_KEY, secrets.token_bytes(_HASH_KEY_BYTES))
