"""What a report names in Azure, as a resource; the same thing has one name in every format."""

from typing import Final

from fixgate.events import Resource

_ROOTS: Final = ("/subscriptions/", "/providers/")


def resource(identifier: str | None) -> Resource | None:
    """What an id of Azure's resource manager names: kind `azure.<provider>.<type>`; None when it is no such id."""
    if identifier is None or not identifier.lower().startswith(_ROOTS):
        return None
    return named(identifier)


def named(name: str) -> Resource:
    """The same of whatever is known to be Azure's; without a provider it is an `azure.resource`."""
    # Names of Azure are the same in small letters and in capitals.
    small = name.lower()
    parts = small.strip("/").split("/")
    account = parts[1] if parts[0] == "subscriptions" and len(parts) > 1 else None
    kind = parts[parts.index("providers") + 1 :][:2] if "providers" in parts else []
    return Resource(kind=".".join(("azure", *kind)) if kind else "azure.resource", id=small, account=account)
