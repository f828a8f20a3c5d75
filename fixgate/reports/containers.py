"""Images and things in a cluster, as resources; the same thing has one name in every format."""

from typing import Final

from fixgate.events import Resource
from fixgate.reports import aws

IMAGE: Final = "container.image"


def image(reference: str | None) -> Resource | None:
    """An image by the reference under which it was scanned; None when there is none."""
    name = (reference or "").strip()
    return Resource(kind=IMAGE, id=name) if name else None


def workload(cluster: str | None, namespace: str | None, kind: str, name: str) -> Resource:
    """A thing in a cluster: kind `kubernetes.<kind>`, by cluster, namespace, kind and name as far as known."""
    parts = (cluster, namespace, kind, name)
    # A cluster of EKS is often named by its ARN.
    found = aws.resource(cluster, None, None)
    return Resource(
        kind=f"kubernetes.{kind.lower() or 'resource'}",
        id="/".join(p for p in parts if p),
        account=found.account if found else None,
        region=found.region if found else None,
    )
