"""The pipeline of these tests: a company's account, its people, its scanners, and all that stands on the topics."""

import http.client
import json
import signal
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from typer.testing import CliRunner

from fixgate.cli import app
from fixgate.cli.publish import Sender
from fixgate.codec import Codec
from fixgate.demo import reports
from fixgate.demo.cast import BOB, Cast
from fixgate.desk import Desk, Published
from fixgate.events import (
    Approval,
    Asset,
    AssetStatement,
    Decision,
    Environment,
    Grant,
    GrantState,
    ManagedBy,
    Outcome,
    Ownership,
    PersonSigned,
    Proposal,
    Record,
    Resource,
    Verdict,
)
from fixgate.identity import WorkloadIdentity
from fixgate.ids import derived_id
from fixgate.local.account import acme
from fixgate.local.account.client import Control
from fixgate.local.pipeline import AWS, GIT
from fixgate.local.stack import Stack
from fixgate.people import signing
from fixgate.resources.readers import read
from fixgate.resources.reading import Reading
from fixgate.resources.sessions import aws_session
from fixgate.targets import BUCKET
from fixgate.testing.otlp import Collector
from fixgate.topology import RECEIVER
from fixgate.verbs import Received
from tests.end_to_end.feed import PATIENCE_S, Feed

ACCOUNT: Final = reports.ACCOUNT
REGION: Final = reports.REGION
CODEC: Final = Codec()
_RUNNER: Final = CliRunner()


def arn(bucket: str) -> str:
    """A bucket's name in full, which is its lock key too."""
    return f"arn:aws:s3:::{bucket}"


def user(name: str) -> str:
    """A user's name in full, which is the lock key of its access keys."""
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


@dataclass
class Town:
    """What a test sees and does. `before` is the account as it was before anybody reported anything."""

    stack: Stack
    cast: Cast
    desk: Desk
    feed: Feed
    collector: Collector
    sender: Sender
    account: Control
    before: Mapping[str, Any]
    identity: WorkloadIdentity
    made: list[str] = field(default_factory=list[str])
    """Buckets that tests made."""

    @property
    def repository(self) -> str:
        """The vulnerable repository."""
        return f"{self.stack.address(GIT)}/{acme.SHOP}"

    # -- scanners ------------------------------------------------------------------------------------------------

    def publish(self, report: reports.Report) -> tuple[int, int]:
        """Publish a report as a scanner; its partition and offset."""
        source = report.source.encode()
        return self.sender.send(report.value, source, [("fixgate-source", source)])

    def hand_in(self, report: bytes, headers: Mapping[str, str], source: str = "") -> tuple[int, Any]:
        """Post a report to the receiver; status and body of its answer."""
        place = self.stack.address(RECEIVER).removeprefix("http://")
        connection = http.client.HTTPConnection(place, timeout=PATIENCE_S)
        try:
            connection.request("POST", "/v1/reports" + (f"/{source}" if source else ""), report, dict(headers))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def open_bucket(self, name: str, *, dependants: tuple[str, ...] = ()) -> str:
        """Make a bucket in production that anybody can read, and let a scanner say so; its lock key."""
        s3 = self.administrator("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_tagging(Bucket=name, Tagging=tags(environment="production", owner="team-finance"))
        s3.put_object(Bucket=name, Key="report.csv", Body=b"region,revenue")
        s3.put_bucket_policy(
            Bucket=name, Policy=self.before["buckets"][acme.STAGING]["policy"].replace(acme.STAGING, name)
        )
        self.made.append(name)
        statement = AssetStatement(
            asset_id=arn(name),
            kind=BUCKET,
            environment=Environment.PRODUCTION,
            ownership=Ownership(owner="team-finance", team="team-finance", managed_by=ManagedBy.HAND, shared=False),
            dependants=dependants,
            reviewed_at=datetime.now(UTC),
            version=1,
            issued_at=datetime.now(UTC),
            person=BOB,
            roster_version=1,
        )
        self.desk.publish(Asset(asset_id=statement.asset_id, statement=self.signed(BOB, statement)))
        self.publish(reports.security_hub(name))
        return arn(name)

    # -- people --------------------------------------------------------------------------------------------------

    def signed(self, name: str, statement: Record, key: Path | None = None) -> PersonSigned:
        """A statement with somebody's signature, by their key unless another is given."""
        value = CODEC.encode(statement)
        file = key or self.cast.key(name)
        return PersonSigned(value=value, signatures=(signing.sign(name, signing.public_key(file), file, value),))

    def answer(self, name: str, statement: Any, proposal_id: str, key: Path | None = None) -> Published:
        """Publish an answer past all checks of the command line."""
        record = Approval(
            approval_id=derived_id("approval", name, statement.showing_nonce),
            proposal_id=proposal_id,
            statement=self.signed(name, statement, key),
        )
        return self.desk.publish(record, parents=(statement.proposal_digest,))

    def run(self, *arguments: str) -> str:
        """A command of `fixgate` that must succeed, as whoever sits at this stack's desk; what it prints."""
        environment = {**self.stack.environment("desk"), "SSH_AUTH_SOCK": ""}
        result = _RUNNER.invoke(app, arguments, env=environment)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    def approve(self, proposal_id: str, name: str = BOB) -> None:
        """Look at what waits, and approve it."""
        self.run("show", proposal_id)
        self.run("approve", proposal_id, "--yes", "--key", str(self.cast.key(name)))

    # -- what came of it -----------------------------------------------------------------------------------------

    def decision(self, lock_key: str, verdict: Verdict, *, revision: int = 1) -> tuple[Received, Decision]:
        """The first decision with that verdict on a change under the lock key; waits for it."""

        def found() -> tuple[Received, Decision] | None:
            return next((f for f in self.decisions(lock_key, verdict) if _revision(f[1]) == revision), None)

        return self.feed.wait(found, f"{verdict.value} on {lock_key}, revision {revision}")

    def decisions(self, lock_key: str, *verdicts: Verdict) -> list[tuple[Received, Decision]]:
        """The decisions about a lock key so far, those with one of the verdicts when any is given."""
        found = [(r, d) for r, d in self.feed.all(Decision) if d.lock_key == lock_key]
        return [(r, d) for r, d in found if not verdicts or d.verdict in verdicts]

    def outcome(self, lock_key: str) -> tuple[Received, Outcome]:
        """The first outcome under the lock key; waits for it."""

        def found() -> tuple[Received, Outcome] | None:
            return next(iter(self.outcomes(lock_key)), None)

        return self.feed.wait(found, f"an outcome of {lock_key}")

    def outcomes(self, lock_key: str) -> list[tuple[Received, Outcome]]:
        """The outcomes under a lock key so far."""
        return [(r, o) for r, o in self.feed.all(Outcome) if o.lock_key == lock_key]

    def issued(self, lock_key: str) -> list[Grant]:
        """The credentials that were made for a change under the lock key."""
        return [g for _, g in self.feed.all(Grant) if g.lock_key == lock_key and g.state is GrantState.ISSUED]

    # -- the account ---------------------------------------------------------------------------------------------

    def bucket(self, name: str) -> Mapping[str, Any]:
        """A bucket as it is now."""
        found: Mapping[str, Any] = self.account.state()["buckets"][name]
        return found

    def key_status(self, name: str) -> str:
        """Whether a seeded user's access key is Active or Inactive."""
        key_id = self.account.keys()[name]["access_key_id"]
        return str(self.account.state()["users"][name]["keys"][key_id])

    def administrator(self, service: str) -> Any:
        """A client of somebody who may do everything in the account."""
        key = self.account.keys()[acme.ADMINISTRATOR]
        session: Any = boto3.session.Session()
        return session.client(
            service,
            region_name=REGION,
            endpoint_url=self.stack.address(AWS),
            aws_access_key_id=key["access_key_id"],
            aws_secret_access_key=key["secret_access_key"],
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def read(self, target: Resource) -> Reading:
        """A target as it is now, read by the reader that analyzer and executor use."""
        key = self.account.keys()[acme.ADMINISTRATOR]
        given = {name: key[name] for name in ("access_key_id", "secret_access_key")}
        session = aws_session(given, self.stack.address(AWS), REGION, git_mirrors=self.stack.address(GIT))
        return read(target, session, datetime.now(UTC))

    @contextmanager
    def held(self, service: str) -> Generator[None]:
        """A service that does nothing for a moment, as a machine that swaps would let it."""
        self.stack.kill(service, signal.SIGSTOP)
        try:
            yield
        finally:
            self.stack.kill(service, signal.SIGCONT)


def tags(**named: str) -> dict[str, list[dict[str, str]]]:
    """A bucket's tags as S3 takes them."""
    return {"TagSet": [{"Key": name, "Value": value} for name, value in named.items()]}


def _revision(decision: Decision) -> int:
    return CODEC.decode(decision.proposal.value, Proposal).revision
