"""What the emulated account is told: a JSON file, read at its start."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fixgate.errors import Misconfigured
from fixgate.local.account import ACCOUNT
from fixgate.local.account.scenario import Scenario
from fixgate.local.home import write_atomically

CONFIG = "account.json"
"""The file's name in the account's folder."""
SOCKET = "control.sock"
"""The socket for faults and state, in the same folder."""
SEEDED = "seeded.json"
"""What the start made: keys with their secrets, by their names in the scenario."""
REPOSITORIES = "git"
"""The folder of bare repositories."""


class AccountConfig(BaseModel):
    """All that the account is told; ports are those on the loopback address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] = ACCOUNT
    trust_domain: str
    issuer: str
    """The `iss` of the JWT-SVIDs that are believed."""
    jwks: Path
    """The file of the keys that sign them."""
    api_port: int = Field(ge=1, le=65535)
    git_port: int = Field(ge=1, le=65535)
    token_issuer: str
    """The SPIFFE ID that may ask for tokens of branches."""
    scenario: Scenario = Scenario()


def read(path: Path) -> AccountConfig:
    """The configuration of a file; raises Misconfigured when it is missing or wrong."""
    try:
        return AccountConfig.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise Misconfigured(f"{path} does not exist", remedy="`fixgate up` writes it.") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise Misconfigured(f"{path} is wrong: {faults}", remedy="Correct or delete it.") from None


def write(path: Path, config: AccountConfig) -> None:
    """Replace the file."""
    write_atomically(path, config.model_dump_json(indent=2).encode() + b"\n")
