"""Who may hand reports in, and how much: one file, read strictly.

    version: 1
    sources:
      shop-ci:                       # the name that its findings carry
        kind: token                  # token, svid, github, sqs
        token: sha256:…              # of the issued token; the token itself is nowhere
        repository: https://github.com/acme/shop
      github-acme:
        kind: github
        secret: github-acme.secret   # a file beside this one, mode 0600

Everything that is not understood is an error: a misspelt limit would be none. The file holds no secret but is closed to
other users all the same, for whoever writes it decides who is believed.
"""

import os
import re
import stat
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from fixgate.errors import Misconfigured
from fixgate.graph import MIB
from fixgate.receiving.bodies import PORCH
from fixgate.settings import Settings
from fixgate.topology import PIPELINE

FILE: Final = "sources.yaml"
"""Its name in the home."""
MESSAGE: Final = PIPELINE.topic("findings.raw").max_bytes
"""Bytes of a report that a message holds; a larger one is stored (`storing.py`), from sources that say so."""
STORED: Final = 48 * MIB
"""Bytes of a report at most. It is in memory whole, in the room for all bodies (`bodies.ROOM`, 64 MiB): beside one of
this size two ordinary ones can be read."""
SOURCES_LIMIT: Final = 1_000
FILE_LIMIT: Final = MIB
_OTHERS_WRITE: Final = 0o022
_NAME: Final = r"^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$"
_FORMAT: Final = r"^[a-z0-9][a-z0-9._-]{0,63}$"
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_TAKEN_HEADERS: Final = frozenset({"host", "content-length", "content-encoding", "transfer-encoding", "connection"})

Name = Annotated[str, StringConstraints(pattern=_NAME)]
Format = Annotated[str, StringConstraints(pattern=_FORMAT)]
Line = Annotated[str, StringConstraints(pattern=r"^[!-~](?:[ -~]*[!-~])?$", max_length=1_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Limited(_Strict):
    """What holds for every kind of source."""

    formats: tuple[Format, ...] = ()
    """The formats that it may send; empty lets the content tell."""
    repository: Line | None = None
    """The clone address of what it scans."""
    reports_per_minute: int = Field(default=60, ge=1, le=100_000)
    bytes_per_minute: int = Field(default=64 * MIB, ge=1, le=1 << 40)
    max_bytes: int = Field(default=MESSAGE, ge=1, le=STORED)
    """Over `MESSAGE` the receiver needs an intake key and an object store."""


class TokenSource(_Limited):
    """Shows a token that was issued to it: as bearer, as the password of Basic, or in a header that is named here."""

    kind: Literal["token"]
    token: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    header: str | None = None

    @model_validator(mode="after")
    def _header_is_one(self) -> Self:
        if self.header is not None and (
            not _HEADER.fullmatch(self.header) or self.header.lower() in _TAKEN_HEADERS | {"authorization"}
        ):
            raise ValueError("header: not a header's name, or one that means something else")
        return self


class SvidSource(_Limited):
    """Shows a JWT-SVID of this SPIFFE ID."""

    kind: Literal["svid"]
    spiffe_id: Annotated[Line, StringConstraints(pattern=r"^spiffe://[a-z0-9._-]+/.+$")]


class _Silent(_Limited):
    """A source that cannot say which of several formats it sends."""

    @model_validator(mode="after")
    def _one_format(self) -> Self:
        if len(self.formats) > 1:
            raise ValueError("formats: it cannot say which of several it sends; name one, or none")
        return self


class GithubSource(_Silent):
    """GitHub, which signs each body with a secret that both sides know; `secret` is a file beside this one."""

    kind: Literal["github"]
    secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$")]

    @field_validator("max_bytes")
    @classmethod
    def _fits_the_porch(cls, value: int) -> int:
        if value > PORCH:
            raise ValueError(f"who signs is known by the whole body alone, and {PORCH} bytes of such are held at most")
        return value


class QueueSource(_Silent):
    """An SQS queue that is emptied: whoever may send to it is believed to be this source.

    `role` is taken for it with the receiver's own JWT-SVID; without, the credentials of the process are used.
    """

    kind: Literal["sqs"]
    queue: Annotated[Line, StringConstraints(pattern=r"^https?://[^\s]+$")]
    role: Annotated[Line, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")] | None = None

    @field_validator("max_bytes")
    @classmethod
    def _fits_a_message(cls, value: int) -> int:
        if value > MESSAGE:
            raise ValueError(f"no queue's message is stored, and none has {MESSAGE} bytes")
        return value


Source = TokenSource | SvidSource | GithubSource | QueueSource


class Sources(_Strict):
    """All of them, by name."""

    version: Literal[1] = 1
    sources: dict[Name, Annotated[Source, Field(discriminator="kind")]] = Field(
        default_factory=dict, max_length=SOURCES_LIMIT
    )

    @model_validator(mode="after")
    def _each_is_one(self) -> Self:
        shown: dict[str, str] = {}
        for name, source in self.sources.items():
            proof = _proof(source)
            if proof is None:
                continue
            if proof in shown:
                raise ValueError(f"{shown[proof]} and {name} cannot be told from each other")
            shown[proof] = name
        return self


def _proof(source: Source) -> str | None:
    """What tells it from others of its kind; None where the address does."""
    match source:
        case TokenSource():
            return source.token
        case SvidSource():
            return source.spiffe_id
        case QueueSource():
            return source.queue
        case GithubSource():
            return None


def file_of(settings: Settings) -> Path:
    """Where a deployment has its sources."""
    return Path(settings.sources) if settings.sources else settings.home / FILE


def load(path: Path) -> Sources:
    """The sources in a file; none where there is no file. Raises Misconfigured, also when others could write it."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            content = file.read(FILE_LIMIT + 1)
    except FileNotFoundError:
        return Sources()
    except OSError as error:
        raise Misconfigured(f"the sources {path} cannot be read: {error.strerror}") from None
    if stat.S_IMODE(found.st_mode) & _OTHERS_WRITE:
        raise Misconfigured(f"the sources {path} can be written by other users", remedy=f"chmod 600 {path}")
    if len(content) > FILE_LIMIT:
        raise Misconfigured(f"the sources {path} are larger than {FILE_LIMIT} bytes")
    return parse(content, str(path))


def parse(content: bytes, name: str) -> Sources:
    """The sources in these bytes; raises Misconfigured with every fault, and with nothing of the content."""
    try:
        document: Any = yaml.load(content, Loader=_OnceEach)  # noqa: S506 - a safe loader that refuses repeated keys
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise Misconfigured(f"the sources {name} are no YAML that can be read{where}") from None
    try:
        return Sources.model_validate({} if document is None else document)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise Misconfigured(f"the sources {name} are wrong: {faults}", remedy="Correct the file.") from None


class _OnceEach(yaml.SafeLoader):
    """Refuses a name that stands twice: the first of two sources would be gone without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the base class's signature
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(made) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a name stands twice", node.start_mark)
        return made
