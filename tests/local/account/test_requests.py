"""Requests that no client of AWS sends: read in one way only, or denied."""

import http.client
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

import pytest

from fixgate.local.account.acme import LEAKED, STAGING
from fixgate.local.account.messages import Denial, Request
from fixgate.local.account.s3_calls import s3_call
from fixgate.local.account.signature import claim_of
from tests.local.account.test_front import refused
from tests.local.account.world import World


def request(method: str, path: str, query: str = "", **headers: str) -> Request:
    """A request as the front sees it; `_` in a header's name stands for a dash."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method=method, path=path, query=query, headers=named, body=b"")


@pytest.mark.parametrize(
    "made",
    [
        request("GET", "/bucket/../other"),
        request("GET", "/bucket/%2e%2e/other"),
        request("GET", "/bucket/a%00b"),
        request("GET", "//bucket/key"),
        request("GET", "/bucket/a%252Fb"),
        request("GET", "/bucket%2525"),
        request("GET", "http://elsewhere/bucket"),
        request("GET", "/bucket", "acl&policy"),
        request("GET", "/bucket", "prefix=a&prefix=b"),
        request("GET", "/bucket", "torrent"),
        request("GET", "/bucket", "ACL"),
        request("POST", "/bucket", "delete"),
        request("PUT", "/bucket/key", "uploadId=1&partNumber=1"),
        request("PUT", "/bucket/key", "", x_amz_copy_source="/other/key"),
        request("PUT", "/bucket", "", x_amz_grant_read="uri=x"),
        request("DELETE", "/"),
        request("PATCH", "/bucket"),
    ],
)
def test_what_is_not_in_the_tables_is_denied(made: Request) -> None:
    """Or can be read in two ways."""
    with pytest.raises(Denial, match="is denied"):
        s3_call(made)


def test_each_request_needs_its_own_permission() -> None:
    """What writes an ACL on the way needs that one too; taking a block away is as setting it."""
    made = s3_call(request("PUT", "/bucket/key", "", x_amz_acl="public-read"))
    assert [d.action for d in made.demands] == ["s3:PutObject", "s3:PutObjectAcl"]
    assert {d.resource for d in made.demands} == {"arn:aws:s3:::bucket/key"}
    gone = s3_call(request("DELETE", "/bucket", "publicAccessBlock"))
    assert (gone.demands[0].action, gone.write) == ("s3:PutBucketPublicAccessBlock", True)
    listed = s3_call(request("GET", "/bucket", "list-type=2&prefix=a%2Fb"))
    assert listed.demands[0].context == {"s3:prefix": ("a/b",)}


@pytest.mark.parametrize("header", ["x-amz-target", "smithy-protocol", "content-type"])
def test_another_protocol_is_denied(world: World, header: str) -> None:
    """It could hold another action than the one that was judged."""

    def add(request: Any, **_: Any) -> None:
        del request.headers[header]
        request.headers[header] = "AWSIdentityManagement.DeleteUser"

    iam = world.iam()
    iam.meta.events.register_first("before-sign.iam", add)
    assert refused(lambda: iam.get_user(UserName=LEAKED)) == "AccessDenied"


@pytest.mark.parametrize(
    "made",
    [
        request("GET", "/b/k", "X-Amz-Signature=0&X-Amz-Credential=x"),
        request("GET", "/b/k", "AWSAccessKeyId=x&Signature=0"),
        request("GET", "/b/k", "", authorization="AWS somebody:something"),
        request("GET", "/b/k", "", authorization="Bearer something"),
        request("GET", "/b/k", "", authorization=""),
    ],
)
def test_other_signatures_are_refused(made: Request) -> None:
    """They are not taken for anonymous ones either."""
    with pytest.raises(Denial):
        claim_of(made)


def test_a_presigned_address_is_refused(world: World) -> None:
    """Even a good one."""
    address: Any = world.s3().generate_presigned_url("get_object", Params={"Bucket": STAGING, "Key": "logo.svg"})
    with pytest.raises(urllib.error.HTTPError) as error, urllib.request.urlopen(address):  # noqa: S310 - it begins with http:
        pass
    with error.value as answer:
        assert answer.code == 403


def test_a_request_of_another_time_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its signature is right, its time is not."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    assert refused(world.iam().list_users) == "RequestTimeTooSkewed"
    assert refused(world.s3().list_buckets) == "RequestTimeTooSkewed"


def test_what_the_emulator_itself_offers_is_out_of_reach(world: World) -> None:
    """Addresses of moto's own, other services' hosts, and headers that it would believe."""
    host = world.account.endpoint.removeprefix("http://")
    for path, headers in (
        ("/moto-api/reset", {}),
        ("/latest/meta-data/", {}),
        ("/", {"Host": "iam.amazonaws.com", "x-moto-account-id": "123456789012"}),
        (f"/{STAGING}?policy", {"x-moto-account-id": "123456789012"}),
    ):
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.request("GET", path, headers=headers)
        assert connection.getresponse().status == 403
        connection.close()
    assert STAGING in world.account.control.state()["buckets"]


def test_a_request_that_is_too_large_is_not_read(world: World) -> None:
    """By what it says of itself."""
    host = world.account.endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.putrequest("PUT", f"/{STAGING}/large")
    connection.putheader("Content-Length", str(65 * 1024 * 1024))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_what_was_not_read_cannot_be_taken_for_a_request(world: World) -> None:
    """After a refusal unread, the connection ends: the rest of the body is nobody's request."""
    host = world.account.endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.putrequest("PUT", f"/{STAGING}/large")
    connection.putheader("Content-Length", str(65 * 1024 * 1024))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (413, "close")
    connection.close()


def test_each_request_of_a_connection_is_judged_by_itself(world: World) -> None:
    """A connection carries many, bodies and all: a stranger may look into the public bucket, and write nothing."""
    host = world.account.endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.connect()
    first = connection.sock
    for method, body, status in (("HEAD", b"", 404), ("PUT", b"a body", 403), ("GET", b"", 404), ("PUT", b"", 403)):
        connection.request(method, f"/{STAGING}/nothing", body=body)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        assert connection.sock is first
    connection.close()
