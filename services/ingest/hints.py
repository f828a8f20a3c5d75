"""What the sender says of a report in the record's headers."""

from typing import Final

from fixgate.reports.adapter import Hints
from fixgate.reports.paths import repository_said
from fixgate.verbs import Received

FORMAT_LABEL: Final = "fixgate-format"
"""The header in which a sender names the format; without it the content tells."""
REPOSITORY_LABEL: Final = "fixgate-repository"
"""The header in which a sender names the repository that was scanned, by its clone address."""
ADDRESS_LIMIT: Final = 1_000


def hints_of(event: Received) -> Hints:
    """The hints in the headers; what cannot be an address is none, and no password is in one."""
    repository = event.labels.get(REPOSITORY_LABEL, "").strip()
    usable = bool(repository) and len(repository) <= ADDRESS_LIMIT and repository.isprintable()
    return Hints(
        format=event.labels.get(FORMAT_LABEL, "").strip(), repository=repository_said(repository) if usable else None
    )
