"""The roles of the pipeline in an account: who takes which, and what each may at the most.

Reading and issuing are taken with a JWT-SVID; a change's role is taken by the issuer's role alone, and each session of
it gets less by its session policy.
"""

from collections.abc import Iterator, Mapping, Sequence

from fixgate.local.account import ACCOUNT, STS_AUDIENCE
from fixgate.local.account.scenario import Document, Role

READ_ROLE, ISSUER_ROLE, CHANGE_ROLE = "fixgate-read", "fixgate-issuer", "fixgate-change-{template}"
_READ_KEYS = ("iam:GetUser", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed")
_READ_BUCKETS = (
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketPolicy",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketAcl",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketWebsite",
    "s3:GetBucketTagging",
    "s3:GetBucketLocation",
    "s3:ListBucket",
)
_USERS, _BUCKETS = f"arn:aws:iam::{ACCOUNT}:user/*", "arn:aws:s3:::*"
CHANGES: Mapping[str, tuple[Sequence[str], str]] = {
    "aws-iam-deactivate-access-key": ((*_READ_KEYS, "iam:UpdateAccessKey"), _USERS),
    "aws-s3-block-public-access": ((*_READ_BUCKETS, "s3:PutBucketPublicAccessBlock"), _BUCKETS),
}
"""By template: actions and the resources that they may touch."""


def pipeline_roles(trust_domain: str) -> Iterator[Role]:
    """All of them."""
    read = _document(_allow(_READ_KEYS, _USERS), _allow(("iam:ListUsers",), "*"), _allow(_READ_BUCKETS, _BUCKETS))
    yield Role(name=READ_ROLE, trust=_by_token(trust_domain, "analyzer"), policies={"read": read})
    change_roles = f"arn:aws:iam::{ACCOUNT}:role/{CHANGE_ROLE.format(template='*')}"
    taking = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    issue = _document(_allow(taking, change_roles))
    yield Role(name=ISSUER_ROLE, trust=_by_token(trust_domain, "issuer"), policies={"issue": issue})
    for template, (actions, resource) in CHANGES.items():
        principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{ISSUER_ROLE}"}
        trust = _document({"Effect": "Allow", "Principal": principal, "Action": list(taking)})
        change = _document(_allow(actions, resource))
        yield Role(name=CHANGE_ROLE.format(template=template), trust=trust, policies={"change": change})


def _by_token(trust_domain: str, party: str) -> Document:
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{trust_domain}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{trust_domain}:sub": f"spiffe://{trust_domain}/fixgate/{party}",
                    f"{trust_domain}:aud": STS_AUDIENCE,
                }
            },
        }
    )


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(actions: Sequence[str], resource: str) -> Document:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}
