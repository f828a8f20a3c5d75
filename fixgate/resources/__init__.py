"""Readers of target systems, one per kind of resource: the same for whoever assesses, rehearses and changes.

`read` gives a `Reading`: facts, and the resource's projection, which is what a change is compared by. What changes by
itself (the last use of a key) is a fact and no part of the projection.
"""

from fixgate.resources.reading import Reading, Session, Unreadable, canonical, projection_digest

__all__ = ["Reading", "Session", "Unreadable", "canonical", "projection_digest"]
