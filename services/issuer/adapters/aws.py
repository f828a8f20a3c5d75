"""AWS: one session of a template's change role, by two hops, with a session policy for the exact calls and seconds.

    JWT-SVID ──AssumeRoleWithWebIdentity──> issuer role ──AssumeRole──> change role
                                                          session policy, source identity, tags

The first hop takes neither tags nor a source identity, hence the second. A session cannot be killed one by one, and the
least that STS gives is 900 s: what ends it is `DateLessThan aws:CurrentTime` in its policy. No ambient credentials are
ever used.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from fixgate.errors import Refused, Transient, Unavailable
from fixgate.events import Call
from fixgate.resources.reading import Session
from fixgate.resources.sessions import Sessions
from services.issuer.ledger import Entry
from services.issuer.scopes import probe_of
from services.issuer.systems import Issued, Killed, NotMade, Probe, Seen

AUDIENCE: Final = "sts.amazonaws.com"
SECONDS: Final = 900
"""The least that STS gives; the session policy's window is what counts."""
POLICY_LIMIT: Final = 2048
_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "UnrecognizedClientException",
    }
)
_THROTTLED: Final = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
_CLIENT_ERRORS: Final = range(400, 500)
_NOT_REACHED: Final = (EndpointConnectionError, ConnectTimeoutError)


class SessionPolicy(Protocol):
    """Writes the session policy that allows exactly these calls, until that moment."""

    def __call__(self, calls: Sequence[Call], until: datetime) -> str:
        """The policy as JSON; raises ValueError when it cannot be written."""
        ...


class AwsSessions:
    """Sessions of change roles. `token` gives a JWT-SVID for an audience; role names may hold {account}, {template}."""

    def __init__(
        self,
        *,
        token: Callable[[str], str],
        session_policy: SessionPolicy,
        issuer_role: str,
        change_role: str,
        region: str,
        endpoint: str = "",
    ) -> None:
        self._token = token
        self._session_policy = session_policy
        self._issuer_role = issuer_role
        self._change_role = change_role
        self._sessions = Sessions(endpoint, region)

    def issue(self, entry: Entry) -> Issued:
        """See `CredentialSystem`."""
        try:
            policy = self._session_policy(entry.wanted, entry.not_after)
        except ValueError as error:
            raise Refused(f"no session policy can be written: {error}") from None
        if len(policy) > POLICY_LIMIT:
            raise Refused(f"the session policy has {len(policy)} characters; AWS takes {POLICY_LIMIT}")
        base = self._first_hop(entry)
        try:
            made = self._second_hop(entry, policy, base)["Credentials"]
        except ClientError as error:
            raise _told(error) from None
        except _NOT_REACHED as error:
            raise NotMade(f"AWS cannot be reached: {type(error).__name__}") from None
        except BotoCoreError as error:
            raise Transient(f"AWS did not answer: {type(error).__name__}") from None
        return Issued(
            credential={
                "access_key_id": made["AccessKeyId"],
                "secret_access_key": made["SecretAccessKey"],
                "session_token": made["SessionToken"],
            },
            public_id=made["AccessKeyId"],
            scope_digest="sha256:" + hashlib.sha256(policy.encode()).hexdigest(),
            hard_end=made["Expiration"].astimezone(UTC),
        )

    def kill(self, entry: Entry) -> Killed:
        """Unable: denying a role's sessions by their age would hit other changes too."""
        del entry
        return Killed.UNABLE

    def probe(self, entry: Entry, credential: Mapping[str, str]) -> Probe:
        """See `CredentialSystem`. Only an answer about the credential counts as denied."""
        found = probe_of(entry.calls)
        if found is None:
            return Probe(asked="", answer="", seen=Seen.UNCLEAR)
        action, resource = found
        asked = f"{action} {resource}"
        try:
            client = self._session(credential).aws(action.partition(":")[0], entry.region or None)
            _read(client, action, resource)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            return Probe(asked=asked, answer=code, seen=_meaning(error, code))
        except (BotoCoreError, ValueError) as error:
            return Probe(asked=asked, answer=type(error).__name__, seen=Seen.UNCLEAR)
        return Probe(asked=asked, answer="ok", seen=Seen.ALLOWED)

    def _first_hop(self, entry: Entry) -> Mapping[str, str]:
        """The issuer's own session; whatever fails here, no credential for a change was made."""
        try:
            token = self._token(AUDIENCE)
            answer = (
                self._session(None)
                .anonymous("sts", None)
                .assume_role_with_web_identity(
                    RoleArn=self._issuer_role.format(account=entry.account),
                    RoleSessionName=entry.session_name,
                    WebIdentityToken=token,
                    DurationSeconds=SECONDS,
                )
            )
        except ClientError as error:
            told = _told(error)
            raise told if isinstance(told, Refused) else NotMade(told.message) from None
        except BotoCoreError as error:
            raise NotMade(f"AWS did not answer: {type(error).__name__}") from None
        except Unavailable as error:
            raise NotMade(f"there is no token for AWS: {error.message}") from None
        made = answer["Credentials"]
        return {
            "access_key_id": made["AccessKeyId"],
            "secret_access_key": made["SecretAccessKey"],
            "session_token": made["SessionToken"],
        }

    def _second_hop(self, entry: Entry, policy: str, base: Mapping[str, str]) -> Any:
        return (
            self._session(base)
            .aws("sts", None)
            .assume_role(
                RoleArn=self._change_role.format(account=entry.account, template=entry.template_id),
                RoleSessionName=entry.session_name,
                SourceIdentity=entry.session_name,
                Policy=policy,
                DurationSeconds=SECONDS,
                Tags=[
                    {"Key": "fixgate:proposal", "Value": entry.proposal_digest},
                    {"Key": "fixgate:intent", "Value": entry.intent_id},
                    {"Key": "fixgate:grant", "Value": entry.grant_id},
                ],
            )
        )

    def _session(self, credential: Mapping[str, str] | None) -> Session:
        return self._sessions.of(credential)


def _read(client: Any, action: str, resource: str) -> None:
    name = resource.rpartition("/")[2] if action.startswith("iam:") else resource.rpartition(":::")[2].partition("/")[0]
    match action:
        case "iam:ListAccessKeys":
            client.list_access_keys(UserName=name)
        case "iam:ListUserTags":
            client.list_user_tags(UserName=name)
        case "iam:GetUser":
            client.get_user(UserName=name)
        case "s3:GetBucketPublicAccessBlock":
            client.get_public_access_block(Bucket=name)
        case "s3:GetBucketTagging":
            client.get_bucket_tagging(Bucket=name)
        case "s3:GetBucketPolicyStatus":
            client.get_bucket_policy_status(Bucket=name)
        case "s3:GetBucketPolicy":
            client.get_bucket_policy(Bucket=name)
        case "s3:GetBucketAcl":
            client.get_bucket_acl(Bucket=name)
        case _:
            raise ValueError(action)


def _meaning(error: ClientError, code: str) -> Seen:
    if code in _DENIED:
        return Seen.DENIED
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # That there is no such setting, bucket or user is told only to somebody who may ask.
    return Seen.ALLOWED if code.startswith("NoSuch") and status in _CLIENT_ERRORS else Seen.UNCLEAR


def _told(error: ClientError) -> Refused | Transient:
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status in _CLIENT_ERRORS and code not in _THROTTLED:
        return Refused(f"AWS refused the session: {code}")
    kind = NotMade if code in _THROTTLED else Transient
    return kind(f"AWS did not make the session: {code}")
