"""The demo's people: their keys, the roster and the ceiling before the start, and what they say of the assets after.

Alice administers and is of security, Bob owns things, Carol is on call. Their keys are made anew for each demo, lie
open in its folder and are good for nothing else.
"""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from fixgate.codec import Codec
from fixgate.desk import Desk
from fixgate.errors import Unavailable
from fixgate.events import (
    Asset,
    AssetStatement,
    Control,
    ControlKind,
    ControlStatement,
    Environment,
    ManagedBy,
    Ownership,
    PersonSigned,
    Scope,
    Severity,
)
from fixgate.ids import derived_id
from fixgate.local.account import acme
from fixgate.people import rostering, signing
from fixgate.people.places import RosterFiles, from_text
from fixgate.people.roster import Person, Role, Roster
from fixgate.policy.ceiling import Allowance, CeilingDocument, signed_file

ALICE, BOB, CAROL = "alice", "bob", "carol"
ROLES: Final[Mapping[str, tuple[Role, ...]]] = {
    ALICE: (Role.ADMINISTRATOR, Role.SECURITY),
    BOB: (Role.OWNER, Role.APPROVER),
    CAROL: (Role.OPERATOR,),
}
TEMPLATES: Final = ("aws-iam-deactivate-access-key", "aws-s3-block-public-access", "git-pin-github-action")


Vouches = Callable[[str, str, datetime], Sequence[AssetStatement]]
"""The inventory of an account (its number) and a repository, as of now."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of one home; `prepare` before the stack starts, `speak` once the desk is open."""

    home: Path
    account: str
    vouches: Vouches | None = None
    """What Bob says of the account's assets and of the repository; None for the demo's own."""

    def key(self, name: str) -> Path:
        """A person's private key."""
        return self.home / "people" / name

    def prepare(self, now: datetime) -> None:
        """Make keys, sign the first roster and the ceiling; raises Unavailable without OpenSSH."""
        (self.home / "people").mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ROLES:
            _generate(self.key(name), name)
        roster = self._roster(now)
        files = RosterFiles(self.home)
        files.begin(roster)
        asked = rostering.introduced(Codec(), roster, roster, ALICE, now)
        files.keep(roster, rostering.countersigned(asked, ALICE, self.key(ALICE), roster))
        document = CeilingDocument(
            version=1,
            expires_at=now + timedelta(days=7),
            allows=(
                Allowance(templates=TEMPLATES, environments=("development", "test", "staging"), max_blast="low"),
                Allowance(templates=(TEMPLATES[2],), environments=("production",), max_blast="low"),
            ),
        )
        signature = signing.sign(ALICE, signing.public_key(self.key(ALICE)), self.key(ALICE), document.written)
        (self.home / "ceiling.json").write_bytes(signed_file(document.written, [signature]))

    def _roster(self, now: datetime) -> Roster:
        """Who counts."""
        people = tuple(
            Person(name=name, keys=(signing.public_key(self.key(name)).line,), roles=roles)
            for name, roles in ROLES.items()
        )
        return Roster(version=1, people=people, threshold=1, expires_at=now + timedelta(days=7))

    def speak(self, desk: Desk, repository: str) -> None:
        """Publish the roster, the inventory, and the one exception; blocks until the broker has it all."""
        for path in RosterFiles(self.home).statements():
            desk.publish(rostering.control(desk.codec, from_text(path.read_bytes())))
        now = datetime.now(UTC)
        for statement in (self.vouches or _inventory)(self.account, repository, now):
            asset = self._signed(desk.codec, BOB, statement)
            desk.publish(Asset(asset_id=statement.asset_id, statement=asset))
        exception = ControlStatement(
            control_id=derived_id("exception", acme.EXCEPTED),
            kind=ControlKind.EXCEPTION,
            scope=Scope(resources=(f"arn:aws:s3:::{acme.EXCEPTED}",)),
            not_after_at=now + timedelta(days=30),
            reason="The press kit is meant to be public.",
            ticket="SEC-417",
            nonce=derived_id("nonce", acme.EXCEPTED),
            issued_at=now,
            person=ALICE,
            roster_version=1,
        )
        signed = self._signed(desk.codec, ALICE, exception)
        desk.publish(Control(control_id=exception.control_id, kind=exception.kind, statement=signed))

    # -- inside --------------------------------------------------------------------------------------------------

    def _signed(self, codec: Codec, name: str, statement: ControlStatement | AssetStatement) -> PersonSigned:
        value = codec.encode(statement)
        key = self.key(name)
        return PersonSigned(value=value, signatures=(signing.sign(name, signing.public_key(key), key, value),))


def _inventory(account: str, repository: str, now: datetime) -> Sequence[AssetStatement]:
    user = f"arn:aws:iam::{account}:user"
    return (
        _asset(f"{user}/{acme.LEAKED}", "aws.iam.user", Environment.STAGING, "team-build", (), now),
        _asset(
            f"{user}/{acme.LIVE}",
            "aws.iam.user",
            Environment.PRODUCTION,
            "team-checkout",
            ("checkout", "payments", "web shop", "ledger"),
            now,
        ),
        _asset(_arn(acme.STAGING), "aws.s3.bucket", Environment.STAGING, "team-web", (), now),
        _asset(_arn(acme.PRODUCTION), "aws.s3.bucket", Environment.PRODUCTION, "team-finance", (), now),
        _asset(_arn(acme.EXCEPTED), "aws.s3.bucket", Environment.PRODUCTION, "team-press", (), now),
        _asset(_arn(acme.UNFIXABLE), "aws.s3.bucket", Environment.STAGING, "team-web", (), now),
        _asset(_arn(acme.LATE), "aws.s3.bucket", Environment.STAGING, "team-data", (), now),
        _asset(repository, "git.repository", Environment.DEVELOPMENT, "team-web", (), now),
    )


def _asset(
    name: str, kind: str, environment: Environment, owner: str, dependants: tuple[str, ...], now: datetime
) -> AssetStatement:
    return AssetStatement(
        asset_id=name,
        kind=kind,
        environment=environment,
        criticality=Severity.HIGH if environment is Environment.PRODUCTION else Severity.LOW,
        ownership=Ownership(owner=owner, team=owner, managed_by=ManagedBy.HAND, shared=False),
        dependants=dependants,
        reviewed_at=now,
        version=1,
        issued_at=now,
        person=BOB,
        roster_version=1,
    )


def _arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _generate(path: Path, name: str) -> None:
    if path.exists():
        return
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"a key could not be made: {error}", remedy="Install OpenSSH's client.") from None
