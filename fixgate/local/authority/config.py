"""What the authority is told: a JSON file, read at its start and at each SIGHUP."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from fixgate.errors import Misconfigured
from fixgate.graph import Topology
from fixgate.local.authority import issuer
from fixgate.local.home import write_atomically

CONFIG = "authority.json"
"""The file's name in the authority's folder."""
X509_TTL_S = 3600
JWT_TTL_S = 300

# SPIFFE-ID §2.1, §2.2.
TrustDomain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{1,255}$")]
Path_ = Annotated[str, StringConstraints(pattern=r"^(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Entry(BaseModel):
    """One identity: whoever opens the socket of `name` is `spiffe://<trust domain><path>`."""

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")

    name: Name
    path: Path_
    jwt_ttl_s: int | None = Field(default=None, ge=1)
    """A shorter life of its tokens than the configuration's."""
    dns_names: tuple[Name, ...] = ()
    """Names in its X.509-SVID besides the SPIFFE ID."""


class AuthorityConfig(BaseModel):
    """All that the authority is told.

    Removing an entry revokes it: no further SVID, and its streams end. Raising `generation` rotates the X.509 authority
    and the JWT key; the earlier ones stay in the bundles until `retire` lists their generations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")

    trust_domain: TrustDomain
    entries: tuple[Entry, ...]
    generation: int = Field(default=1, ge=1)
    retire: tuple[int, ...] = ()
    x509_ttl_s: int = Field(default=X509_TTL_S, ge=1)
    jwt_ttl_s: int = Field(default=JWT_TTL_S, ge=1)

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        names = [e.name for e in self.entries]
        if len(set(names)) != len(names):
            raise ValueError("two entries have one name")
        if any(g >= self.generation for g in self.retire):
            raise ValueError("only generations before the present one can be retired")
        return self

    @property
    def issuer(self) -> str:
        """The `iss` of JWT-SVIDs; the broker accepts no other."""
        return issuer(self.trust_domain)

    def spiffe_id(self, entry: Entry) -> str:
        """The entry's identity."""
        return f"spiffe://{self.trust_domain}{entry.path}"


def for_topology(topology: Topology, trust_domain: str) -> AuthorityConfig:
    """A configuration with one entry for each party."""
    entries = tuple(
        Entry(
            name=party.name,
            path=party.path,
            jwt_ttl_s=party.token_seconds,
            dns_names=(party.dns_name,) if party.dns_name else (),
        )
        for party in topology.parties.values()
    )
    return AuthorityConfig(trust_domain=trust_domain, entries=entries)


def read(path: Path) -> AuthorityConfig:
    """The configuration of a file; raises Misconfigured when it is missing or wrong."""
    try:
        return AuthorityConfig.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise Misconfigured(f"{path} does not exist", remedy="`fixgate up` writes it.") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise Misconfigured(f"{path} is wrong: {faults}", remedy="Correct or delete it.") from None


def write(path: Path, config: AuthorityConfig) -> None:
    """Replace the file."""
    write_atomically(path, config.model_dump_json(indent=2).encode() + b"\n")
