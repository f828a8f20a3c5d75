"""A git host that gives out tokens for one branch of one repository until a time, and takes them back.

`POST /_tokens {repository, ref, until}` and `DELETE /_tokens/<id>`, with the issuer's JWT-SVID (audience `git`) as
bearer. Pushing alone needs a token, so what shows that one lives is the first request of a push, which writes nothing.
"""

import http.client
import json
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Final

from fixgate.changes.session_policy import push_target
from fixgate.errors import Refused, Transient, Unavailable
from fixgate.signing import digest
from services.issuer.ledger import Entry
from services.issuer.systems import Issued, Killed, NotMade, Probe, Seen

AUDIENCE: Final = "git"
TIMEOUT_S: Final = 5.0
_ANSWER_LIMIT: Final = 64 * 1024
_CREATED: Final = (200, 201)
_DELETED: Final = (200, 202, 204)
_GONE: Final = (404, 410)
_REFUSING: Final = range(400, 500)
_DENIED: Final = (401, 403)
_OK: Final = 200
_AGAIN: Final = (408, 429)


class GitTokens:
    """Tokens of the host at `address`. `token` gives a JWT-SVID for an audience."""

    def __init__(self, address: str, *, token: Callable[[str], str]) -> None:
        self._address = address.rstrip("/")
        self._token = token

    def issue(self, entry: Entry) -> Issued:
        """See `CredentialSystem`."""
        try:
            repository, ref = push_target(entry.wanted)
        except ValueError as error:
            raise Refused(str(error)) from None
        if not self._address or not repository.startswith(self._address + "/"):
            # Its token would be shown to whoever answers there.
            raise Refused("the repository is not one of the git host's")
        wanted = {"repository": repository, "ref": ref, "until": entry.not_after.isoformat()}
        scope = json.dumps(wanted, sort_keys=True).encode()
        try:
            status, body = self._administer("POST", "/_tokens", scope)
        except Unavailable as error:
            raise NotMade(f"there is no token for the git host: {error.message}") from None
        if status in _AGAIN:
            raise NotMade(f"the git host made no token: {status}")
        if status in _REFUSING:
            raise Refused(f"the git host refused the token: {status}")
        if status not in _CREATED:
            raise Transient(f"the git host made no token: {status}")
        try:
            made: Mapping[str, Any] = json.loads(body)
            public_id, text = str(made["id"]), str(made["token"])
        except (ValueError, KeyError, TypeError):
            raise Transient("the git host's answer cannot be read") from None
        return Issued(
            credential={"token": text}, public_id=public_id, scope_digest=digest(scope), hard_end=entry.not_after
        )

    def kill(self, entry: Entry) -> Killed:
        """See `CredentialSystem`. Unable when its id was never learnt: then it ends by its window."""
        if not entry.public_id:
            return Killed.UNABLE
        status, _ = self._administer("DELETE", "/_tokens/" + urllib.parse.quote(entry.public_id, safe=""), b"")
        if status in _DELETED:
            return Killed.KILLED
        if status in _GONE:
            return Killed.GONE
        raise Transient(f"the git host did not take the token back: {status}")

    def probe(self, entry: Entry, credential: Mapping[str, str]) -> Probe:
        """See `CredentialSystem`."""
        repository, _ = push_target(entry.wanted)
        url = f"{repository}/info/refs?service=git-receive-pack"
        try:
            status, _ = _request("GET", url, credential["token"], b"")
        except Transient as error:
            return Probe(asked=f"GET {url}", answer=error.message, seen=Seen.UNCLEAR)
        seen = Seen.ALLOWED if status == _OK else Seen.DENIED if status in _DENIED else Seen.UNCLEAR
        return Probe(asked=f"GET {url}", answer=str(status), seen=seen)

    def _administer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if not self._address:
            raise Refused("no git host is known", remedy="Set FIXGATE_GIT_HOST.")
        return _request(method, self._address + path, self._token(AUDIENCE), body)


def _request(method: str, url: str, bearer: str, body: bytes) -> tuple[int, bytes]:
    """One request without redirects, proxies or retries; raises Transient when there is no answer, NotMade at once."""
    parsed = urllib.parse.urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parsed.scheme not in kinds or not parsed.hostname:
        raise Refused(f"{parsed.scheme or 'nothing'} is no way to reach a git host")
    connection = kinds[parsed.scheme](parsed.hostname, parsed.port, timeout=TIMEOUT_S)
    target = parsed.path + (f"?{parsed.query}" if parsed.query else "")
    headers = {"Authorization": f"Bearer {bearer}", **({"Content-Type": "application/json"} if body else {})}
    try:
        connection.connect()
    except OSError as error:
        raise NotMade(f"the git host cannot be reached: {type(error).__name__}") from None
    try:
        connection.request(method, target, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_ANSWER_LIMIT)
    except (OSError, http.client.HTTPException) as error:
        raise Transient(f"the git host did not answer: {type(error).__name__}") from None
    finally:
        connection.close()
