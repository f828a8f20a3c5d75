"""Sessions that share clients: each call is made with the credential of whoever makes it, and with no other."""

import threading
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import NoCredentialsError
from moto.core.botocore_stubber import MockRawResponse

from fixgate.errors import Misconfigured
from fixgate.resources.reading import Session
from fixgate.resources.sessions import Sessions

ANSWER = b"<ListUsersResponse><ListUsersResult><IsTruncated>false</IsTruncated></ListUsersResult></ListUsersResponse>"


def named(name: str) -> dict[str, str]:
    """A credential."""
    return {"access_key_id": name, "secret_access_key": f"secret of {name}", "session_token": f"token of {name}"}


@pytest.fixture
def sessions() -> Sessions:
    """Sessions that share their clients."""
    return Sessions("", "us-east-1")


class Wire:
    """Answers a client's calls instead of AWS, and sees how they were signed."""

    def __init__(self, client: Any) -> None:
        self.seen: list[tuple[str, str]] = []
        self.meanwhile: list[Any] = []
        client.meta.events.register_first("before-send", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        if self.meanwhile:
            self.meanwhile.pop()()
        self.seen.append((text(request, "Authorization"), text(request, "X-Amz-Security-Token")))
        raw: Any = MockRawResponse(ANSWER)
        return AWSResponse(request.url, 200, HTTPHeaders(), raw)

    @property
    def signers(self) -> list[tuple[str, str]]:
        """Key id and token of each call."""
        return [(header.partition("Credential=")[2].partition("/")[0], token) for header, token in self.seen]


def text(request: AWSPreparedRequest, name: str) -> str:
    """A header's text."""
    value = request.headers.get(name, b"")
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.fixture
def pair(sessions: Sessions) -> tuple[Session, Session, Wire]:
    """Two credentials over the same client."""
    one, other = sessions.of(named("ONE")), sessions.of(named("OTHER"))
    return one, other, Wire(one.aws("iam", None))


@pytest.mark.parametrize("missing", ["access_key_id", "secret_access_key"])
def test_half_a_credential_is_refused(sessions: Sessions, missing: str) -> None:
    """It is never filled up with another's."""
    half = {name: value for name, value in named("ONE").items() if name != missing}
    with pytest.raises(Misconfigured):
        sessions.of(half)


def test_a_shared_client_knows_nobody_by_itself(pair: tuple[Session, Session, Wire]) -> None:
    """Not even after a call: the credential before is forgotten."""
    one, _, wire = pair
    lent = one.aws("iam", None)
    lent.list_users()
    bare: Any = lent._client
    with pytest.raises(NoCredentialsError):
        bare.list_users()
    assert wire.signers == [("ONE", "token of ONE")]


def test_nobody_stays_nobody_beside_somebody(sessions: Sessions) -> None:
    """Calls without a credential are not signed, whoever else uses the sessions."""
    sessions.of(named("ONE")).aws("iam", None)
    nobody = sessions.of(None)
    for client in (nobody.aws("iam", None), nobody.anonymous("iam", None)):
        wire = Wire(client)
        client.list_users()
        assert wire.seen[-1] == ("", "")


def test_the_anonymous_client_of_somebody_is_not_signed(pair: tuple[Session, Session, Wire]) -> None:
    """An oracle asks as a stranger while the change holds a credential."""
    one, _, _ = pair
    stranger = one.anonymous("iam", None)
    wire = Wire(stranger)
    stranger.list_users()
    assert wire.seen == [("", "")]


def test_a_call_within_another_ones_call_is_made_with_its_own(pair: tuple[Session, Session, Wire]) -> None:
    """And the outer one goes on as itself."""
    one, other, wire = pair
    wire.meanwhile = [other.aws("iam", None).list_users]
    one.aws("iam", None).list_users()
    one.aws("iam", None).list_users()
    assert [name for name, _ in wire.signers] == ["OTHER", "ONE", "ONE"]


def test_threads_do_not_see_each_others_credentials(pair: tuple[Session, Session, Wire]) -> None:
    """Both are in the middle of a call at the same time."""
    one, other, wire = pair
    both = threading.Barrier(2)
    wire.meanwhile = [both.wait, both.wait]
    threads = [threading.Thread(target=who.aws("iam", None).list_users) for who in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wire.signers) == [("ONE", "token of ONE"), ("OTHER", "token of OTHER")]


def test_a_client_is_made_once(sessions: Sessions) -> None:
    """Making one takes milliseconds, which each change would pay."""
    one, other = sessions.of(named("ONE")).aws("iam", None), sessions.of(named("OTHER")).aws("iam", None)
    assert one._client is other._client
    assert one.meta.service_model.service_name == "iam"
