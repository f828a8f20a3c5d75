"""What was shown to the person at this desk, kept until they answer: an answer is to a showing, and uses it up."""

import secrets
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from fixgate.chain import DecisionChain
from fixgate.errors import Unavailable
from fixgate.files import write_private
from fixgate.people.view import view_digest, view_of


class Showing(BaseModel):
    """One showing of one decision; `view_digest` was taken when the view was shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    proposal_digest: str
    decision_digest: str
    obligations: tuple[str, ...]
    view_digest: str
    nonce: str
    shown_at: datetime


def show(chain: DecisionChain, now: datetime) -> tuple[str, Showing]:
    """The view as it is to be shown now, with a new nonce, and what has to be kept of it."""
    nonce = secrets.token_hex(16)
    text = view_of(chain, nonce, now)
    return text, Showing(
        proposal_digest=chain.proposed.digest,
        decision_digest=chain.digest,
        obligations=tuple(o.id for o in chain.decision.obligations),
        view_digest=view_digest(text),
        nonce=nonce,
        shown_at=now,
    )


class Showings:
    """The showings of one home, one for each proposal; raises Unavailable when the folder cannot be used."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "showings"

    def keep(self, showing: Showing) -> None:
        """Remember the showing in place of an earlier one."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._path(showing.proposal_digest), showing.model_dump_json().encode())
        except OSError as error:
            raise Unavailable(f"what was shown cannot be kept in {self._folder}: {error.strerror}") from None

    def of(self, proposal_digest: str) -> Showing | None:
        """The last showing that was not answered, or None."""
        try:
            return Showing.model_validate_json(self._path(proposal_digest).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        except OSError as error:
            raise Unavailable(f"what was shown cannot be read from {self._folder}: {error.strerror}") from None

    def used(self, showing: Showing) -> None:
        """It was answered."""
        self._path(showing.proposal_digest).unlink(missing_ok=True)

    def _path(self, proposal_digest: str) -> Path:
        return self._folder / (proposal_digest.removeprefix("sha256:") + ".json")
