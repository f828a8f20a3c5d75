"""An account of moto's, what stands in it, and clients of which a call fails."""

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from fixgate import targets
from fixgate.events import Fact, Resource
from fixgate.resources.reading import Reading, Session

NOW = datetime.now(UTC)
SOMEBODY = {"access_key_id": "example", "secret_access_key": "example"}


def user_with_key(session: Session, name: str = "build", path: str = "/team/", **tags: str) -> Resource:
    """A user with a key."""
    iam = session.aws("iam", None)
    made = iam.create_user(
        UserName=name, Path=path, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )["User"]["Arn"]
    key_id = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    return targets.access_key(made.split(":")[4], made.partition(":user/")[2], key_id)


def facts(reading: Reading) -> dict[str, Fact]:
    """By name."""
    return {fact.name: fact for fact in reading.facts}


class Failing:
    """A client of which one call fails."""

    def __init__(self, client: Any, call: str, error: Exception) -> None:
        self._client, self._call, self._error = client, call, error

    def __getattr__(self, name: str) -> Any:
        if name == self._call:
            return self._fail
        return getattr(self._client, name)

    def _fail(self, **_: object) -> None:
        raise self._error


def failing(session: Session, call: str, error: Exception) -> Session:
    """The session with that call failing."""
    return Session(
        aws=lambda service, region: Failing(session.aws(service, region), call, error), anonymous=session.anonymous
    )


def refusal(code: str, status: int = 403) -> ClientError:
    """An answer with an error."""
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Call")
