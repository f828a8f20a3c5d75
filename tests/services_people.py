"""People in the world of the services' tests: a roster in force, and what they sign."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from fixgate.events import (
    Asset,
    AssetStatement,
    Control,
    ControlKind,
    Environment,
    ManagedBy,
    Ownership,
    Request,
    RequestKind,
    RequestStatement,
)
from fixgate.people.roster import Role, Roster
from fixgate.targets import parts
from tests.people.persons import control, person, signed
from tests.samples import ACCESS_KEY, BUCKET
from tests.services_world import START, ServicesWorld

FIRST: Final = Roster(
    version=1,
    people=(
        person("ann", Role.ADMINISTRATOR, Role.SECURITY, Role.OPERATOR),
        person("bob", Role.OWNER, Role.APPROVER),
        person("cid", Role.APPROVER),
    ),
    threshold=1,
    expires_at=START + timedelta(days=365),
)
"""Who counts from the beginning; its digest is what services are given."""


def enrol(world: ServicesWorld, roster: Roster = FIRST) -> str:
    """Publish the first roster; returns the digest that pins it."""
    made = control(ControlKind.ROSTER, control_id=f"roster-{roster.version}", document=roster.document, issued_at=START)
    statement = signed(replace(made, roster_version=roster.version), "ann")
    world.publish("controls", Control(control_id=made.control_id, kind=ControlKind.ROSTER, statement=statement))
    return roster.digest


def asset(world: ServicesWorld, *signers: str, **changed: Any) -> AssetStatement:
    """Publish an inventory entry, by bob unless others are named: a bucket in staging that bob owns by hand."""
    fields: dict[str, Any] = {
        "asset_id": BUCKET.id,
        "kind": BUCKET.kind,
        "environment": Environment.STAGING,
        "ownership": Ownership(owner="bob", team="web", managed_by=ManagedBy.HAND, shared=False),
        "reviewed_at": START,
        "version": 1,
        "issued_at": START,
        "person": "bob",
        "roster_version": 1,
    }
    statement = AssetStatement(**(fields | changed))
    record = Asset(asset_id=statement.asset_id, statement=signed(statement, *(signers or ("bob",))))
    world.publish("assets", record)
    return statement


def user(world: ServicesWorld, **changed: Any) -> AssetStatement:
    """Publish the inventory's entry, by ann, for the sample's user of a key, as the sample's assessment says it."""
    fields: dict[str, Any] = {
        "asset_id": parts(ACCESS_KEY)[0],
        "kind": "aws.iam.user",
        "ownership": Ownership(owner="alice", team="platform", managed_by=ManagedBy.HAND, shared=False),
        "person": "ann",
    }
    return asset(world, "ann", **(fields | changed))


def request(world: ServicesWorld, kind: RequestKind, lock_key: str, *signers: str, **changed: Any) -> RequestStatement:
    """Publish what a person asks of the proposer, by bob unless others are named."""
    fields: dict[str, Any] = {
        "kind": kind,
        "lock_key": lock_key,
        "nonce": f"nonce-{kind.value}",
        "issued_at": START,
        "person": "bob",
        "roster_version": 1,
    }
    statement = RequestStatement(**(fields | changed))
    record = Request(
        request_id=f"request-{statement.nonce}",
        lock_key=lock_key,
        statement=signed(statement, *(signers or ("bob",))),
    )
    world.publish("requests", record)
    return statement
