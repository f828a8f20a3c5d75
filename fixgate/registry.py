"""Schema ids from a real registry (Confluent's API, or Apicurio's `/apis/ccompat/v7`), when settings name one.

Subjects follow the record, not the topic (RecordNameStrategy): the six topics of dead letters share one schema. A
subject is the deployment's prefix and the record's name, which with the default prefix is the record's full name,
`fixgate.Finding`; with another prefix two deployments on one registry do not meet.

Services only look up, with the exact text that was registered; registering is the provisioner's (`register_all`), so
that a service that is taken over cannot bring its own schema. An id met for the first time is fetched once and used
only if it is compatible with ours: `codec.py` decides. Registry ids are global and never change, so what was fetched
stays true. Plain HTTP on the standard library: it is three requests, and no redirect is followed.
"""

import base64
import http.client
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from fixgate.codec import Codec, FixedIds, Known
from fixgate.errors import FixgateError, Misconfigured, Transient, Unavailable
from fixgate.schema_rules import Json, is_object
from fixgate.schemas import SchemaFolder
from fixgate.settings import Settings

_TIMEOUT_SECONDS = 5.0
_ANSWER_MAX = 8 * 1024 * 1024
_CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 200, 401, 403, 404, 409


def codec_from(settings: Settings) -> Codec:
    """The codec that settings ask for: with fixed ids, or with those of a registry.

    May block on the registry. Raises `Misconfigured`, or `Unavailable` when the registry is down.
    """
    folder = SchemaFolder()
    if not settings.schema_registry_url:
        return Codec(folder)
    registry = Registry(settings.schema_registry_url)
    return Codec(folder, RegistryIds(registry, folder, settings.prefix))


def schema_text(schema: Json) -> str:
    """A schema as it is registered: without white space, in the order in which it is written."""
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False)


class Registry:
    """The requests that are used. Each opens its own connection and blocks for at most five seconds per wait.

    Raises `Misconfigured` for an address that is none and when it is not let in, `Unavailable` when the registry does
    not answer, or not with what was asked for.
    """

    def __init__(self, url: str) -> None:
        parts = _parts(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/")
        self._headers = {"Accept": f"{_CONTENT_TYPE}, application/json", "Content-Type": _CONTENT_TYPE}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self._headers["Authorization"] = "Basic " + base64.b64encode(login).decode()
        # Without user and password: this is what messages say.
        self.address = f"{parts.scheme}://{parts.hostname}:{self._port or (443 if self._secure else 80)}{self._path}"

    def find_id(self, subject: str, schema: Json) -> int | None:
        """The id of a schema under a subject, or None when it is not registered there."""
        status, answer = self._ask("POST", f"/subjects/{quote(subject, safe='')}", {"schema": schema_text(schema)})
        return None if status == _NOT_FOUND else self._id(answer)

    def find_schema(self, schema_id: int) -> Json | None:
        """The schema of an id, or None when there is none or it is no JSON object."""
        status, answer = self._ask("GET", f"/schemas/ids/{schema_id}")
        if status == _NOT_FOUND or not is_object(answer):
            return None
        try:
            schema: Json = json.loads(answer["schema"])
        except (KeyError, TypeError, ValueError, RecursionError):
            return None
        return schema if is_object(schema) else None

    def register(self, subject: str, schema: Json) -> int:
        """Registers a schema and answers with its id; raises `Misconfigured` when the registry refuses it."""
        path = f"/subjects/{quote(subject, safe='')}/versions"
        status, answer = self._ask("POST", path, {"schema": schema_text(schema)})
        if status == _CONFLICT:
            raise Misconfigured(f"the registry at {self.address} finds the schema of {subject} incompatible")
        return self._id(answer)

    def require_full_transitive(self, subject: str) -> None:
        """Lets the registry itself refuse what is not compatible with every version of a subject."""
        self._ask("PUT", f"/config/{quote(subject, safe='')}", {"compatibility": "FULL_TRANSITIVE"})

    def _id(self, answer: Json) -> int:
        found = answer.get("id") if is_object(answer) else None
        if not isinstance(found, int):
            raise Unavailable(f"the registry at {self.address} answered without an id")
        return found

    def _ask(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        try:
            status, data = self._exchange(method, self._path + path, None if body is None else json.dumps(body))
            answer: Json = json.loads(data) if data else None
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            raise Unavailable(
                f"the registry at {self.address} cannot be asked: {type(error).__name__}",
                remedy="See that it is up, or unset FIXGATE_SCHEMA_REGISTRY_URL to use the fixed ids.",
            ) from None
        if status in {_UNAUTHORIZED, _FORBIDDEN}:
            raise Misconfigured(f"the registry at {self.address} refuses {method} {path} ({status})")
        if status not in {_OK, _NOT_FOUND, _CONFLICT}:
            raise Unavailable(f"the registry at {self.address} answered {method} {path} with {status}")
        return status, answer

    def _exchange(self, method: str, target: str, body: str | None) -> tuple[int, bytes]:
        kind: Any = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection: http.client.HTTPConnection = kind(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(method, target, body=None if body is None else body.encode(), headers=self._headers)
            response = connection.getresponse()
            data = response.read(_ANSWER_MAX + 1)
        finally:
            connection.close()
        if len(data) > _ANSWER_MAX:
            raise ValueError("an answer without end")
        return response.status, data


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid, parts = False, urlsplit("")
    if not valid:  # without the address: it may hold a password
        raise Misconfigured(
            "the schema registry's address is no http or https address",
            remedy="Correct FIXGATE_SCHEMA_REGISTRY_URL.",
        )
    return parts


class RegistryIds:
    """Ids from a registry, looked up and never registered."""

    def __init__(self, registry: Registry, folder: SchemaFolder, prefix: str) -> None:
        self._registry, self._folder, self._prefix = registry, folder, prefix
        self._found: dict[int, Known] = {}

    def current(self) -> Iterable[Known]:
        """What each record is written with; raises `Misconfigured` when the registry lacks it."""
        for known in FixedIds(self._folder).current():
            subject = subject_of(self._prefix, known.record)
            found = self._registry.find_id(subject, known.schema)
            if found is None:
                raise Misconfigured(
                    f"the registry at {self._registry.address} lacks the current schema of {subject}",
                    remedy="Let the provisioner register the schemas first.",
                )
            yield Known(id=found, record=known.record, schema=known.schema)

    def past(self) -> Iterable[Known]:
        """Nothing: what was written with another version is fetched when it is met."""
        return ()

    def find(self, schema_id: int) -> Known | None:
        """The schema of an id, fetched once; raises `Transient` while the registry is down."""
        if schema_id not in self._found:
            try:
                schema = self._registry.find_schema(schema_id)
            except FixgateError as error:
                raise Transient(f"the schema with the id {schema_id} cannot be fetched: {error.message}") from error
            if schema is None:
                return None
            self._found[schema_id] = Known(id=schema_id, record=str(schema.get("name")), schema=schema)
        return self._found[schema_id]


def subject_of(prefix: str, record: str) -> str:
    """The registry's subject for a record."""
    return prefix + record


def register_all(registry: Registry, folder: SchemaFolder, prefix: str) -> dict[str, int]:
    """Registers every version of every record, oldest first, and answers with the newest ids by subject.

    For the provisioner alone. Doing it again changes nothing. Raises `Misconfigured` or `Unavailable`.
    """
    ids: dict[str, int] = {}
    for record in folder.records:
        subject = subject_of(prefix, record)
        for version in folder.versions(record):
            ids[subject] = registry.register(subject, version.schema)
        registry.require_full_transitive(subject)
    return ids
