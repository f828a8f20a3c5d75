"""Adds the next version to `schemas/history/` when a schema has changed, after the compatibility check.

A version that is not released yet is replaced in place, so that work in progress leaves no trail; a released one never
changes. Ids are never used again.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from fixgate.compatibility import require_compatible
from fixgate.schema_rules import Json
from fixgate.schemas import SchemaFolder, Version, fingerprint


def render_history(folder: SchemaFolder, *, release: bool = False) -> Mapping[Path, str]:
    """The files of the history as they should be, by path within `schemas/`.

    Raises `Misconfigured` when a current schema is not compatible with a released version.
    """
    past = folder.history if (folder.path / "history" / "ids.json").exists() else ()
    versions = [v for v in past if v.record not in folder.records]
    next_id = max((v.id for v in past), default=0) + 1
    for record in folder.records:
        own = sorted((v for v in past if v.record == record), key=lambda v: v.number)
        kept, current = _advance(record, folder.resolved(record), own, next_id)
        next_id = max(next_id, current.id + 1)
        versions += [*kept, current]
    if release:
        versions = [_released(v) for v in versions]
    return _files(versions)


def _advance(record: str, schema: Json, own: list[Version], next_id: int) -> tuple[list[Version], Version]:
    require_compatible(record, schema, {f"version {v.number}": v.schema for v in own if v.released})
    newest = own[-1] if own else None
    if newest is not None and fingerprint(newest.schema) == fingerprint(schema):
        same = newest if newest.released else _version(newest, schema)
        return own[:-1], same
    if newest is not None and not newest.released:
        return own[:-1], _version(newest, schema)
    number = newest.number + 1 if newest else 1
    return own, Version(record=record, number=number, id=next_id, released=False, schema=schema)


def _version(version: Version, schema: Json) -> Version:
    return Version(
        record=version.record, number=version.number, id=version.id, released=version.released, schema=schema
    )


def _released(version: Version) -> Version:
    return Version(record=version.record, number=version.number, id=version.id, released=True, schema=version.schema)


def _files(versions: list[Version]) -> Mapping[Path, str]:
    index: dict[str, list[Mapping[str, object]]] = {}
    for version in sorted(versions, key=lambda v: (v.record, v.number)):
        entry = {"version": version.number, "id": version.id, "released": version.released}
        index.setdefault(version.record, []).append(entry)
    files = {Path("history") / v.path: json.dumps(v.schema, indent=1, ensure_ascii=False) + "\n" for v in versions}
    files[Path("history") / "ids.json"] = json.dumps(index, indent=2) + "\n"
    return files
