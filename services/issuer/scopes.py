"""What a credential is for, out of a proposal: pure. What its death could not be proved by is not issued."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fixgate.changes.session_policy import push_target, session_policy
from fixgate.events import Proposal
from fixgate.targets import WORKFLOW, parts

AWS: Final = "aws.sts.session"
GIT: Final = "git.push"
PROBES: Final[Mapping[str, str]] = {
    "iam:ListAccessKeys": "iam",
    "iam:ListUserTags": "iam",
    "iam:GetUser": "iam",
    "s3:GetBucketPublicAccessBlock": "s3",
    "s3:GetBucketTagging": "s3",
    "s3:GetBucketPolicyStatus": "s3",
    "s3:GetBucketPolicy": "s3",
    "s3:GetBucketAcl": "s3",
}
"""Reads by which an AWS credential's life is seen, the best first: one of them must be among the calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which system makes the credential, and for what."""

    kind: str
    template_id: str
    account: str
    region: str
    session_name: str
    calls: tuple[tuple[str, str], ...]


def scope_of(proposal: Proposal, proposal_digest: str) -> Scope | str:
    """The scope of a proposal's credential, or why there can be none; the digest is the proposal's."""
    calls = tuple((call.action, call.resource) for call in proposal.calls)
    on_git = proposal.target.kind == WORKFLOW
    why = _not_on_git(proposal) if on_git else _not_on_aws(proposal, calls)
    if why:
        return why
    return Scope(
        kind=GIT if on_git else AWS,
        template_id=proposal.template.id,
        account="" if on_git else proposal.target.account or "",
        region=proposal.target.region or "",
        session_name=session_name(proposal_digest),
        calls=calls,
    )


def _not_on_git(proposal: Proposal) -> str:
    try:
        repository, _ = push_target(proposal.calls)
    except ValueError as error:
        return str(error)
    if repository != parts(proposal.target)[0]:
        return "the change pushes to another repository than its target's"
    return ""


def _not_on_aws(proposal: Proposal, calls: tuple[tuple[str, str], ...]) -> str:
    if probe_of(calls) is None:
        return "none of the change's reads could show that the credential is dead"
    if not (proposal.target.account or "").isdecimal():
        return "the account of the change's target is not known"
    try:
        session_policy(proposal.calls, proposal.pre_state_read_at)
    except ValueError as error:
        return f"no session policy can be written for the change: {error}"
    return ""


def session_name(proposal_digest: str) -> str:
    """The name of a session at its target, which tells whose change it is: `fg-` and the digest in base64url.

    46 characters; AWS takes 64.
    """
    raw = bytes.fromhex(proposal_digest.removeprefix("sha256:"))
    return "fg-" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def probe_of(calls: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    """The read, among the calls, that shows whether an AWS credential lives; None when there is none."""
    allowed = dict(reversed(calls))  # the first resource of each action
    return next(((action, allowed[action]) for action in PROBES if action in allowed), None)
