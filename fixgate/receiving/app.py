"""The receiver over HTTP: `POST /v1/reports`, `POST /v1/reports/<source>`, `GET /healthz`.

    202  the broker has it: {"digest", "topic", "partition", "offset"}, and of one that was stored "segments"
    200  a ping of GitHub's, with a signature that fits
    400  empty, cut off, or headers that cannot be      401  not authenticated, whatever the reason
    408  did not come in time                           413  larger than the source may send
    415  an encoding or a format that is not taken      422  an event of GitHub's that is no alert
    429  more than the source may send, Retry-After     503  not now, Retry-After: the same may be sent again

The steps of a request: (1) who sends it, by its headers; (2) what it says of its report; (3) whether the source may
send now; (4) its body, within its limits; (5) its signature, where the sender signs, and then (3); (6) into the
object store, when no message holds it; (7) onto the topic, with a voucher; (8) the answer, once the broker has it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fixgate.errors import FixgateError
from fixgate.receiving.bodies import PORCH, Room, drained, read
from fixgate.receiving.declining import Declined, busy, too_large
from fixgate.receiving.rates import Rates
from fixgate.receiving.senders import Door, Sender
from fixgate.receiving.sources import MESSAGE
from fixgate.receiving.stating import GITHUB_PING, Stated, check_event, stated
from fixgate.receiving.storing import Storing
from fixgate.receiving.taking import Place, Taken, Taker
from fixgate.receiving.telling import Teller
from fixgate.segments import Manifest
from fixgate.vouching import Way

PATH: Final = "/v1/reports"
LATE: Final = 408
_WORDS: Final = {
    400: "malformed",
    401: "unauthenticated",
    LATE: "late",
    413: "oversized",
    415: "unsupported",
    422: "unwanted",
    429: "rate",
    500: "defect",
    503: "unavailable",
}
"""The reasons in the metric, by status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the answers need. `well` raises a FixgateError when this process cannot take reports now."""

    door: Door
    taker: Taker
    teller: Teller
    well: Callable[[], None]
    storing: Storing | None = None
    """None where no source may send more than a message holds."""
    rates: Rates = field(default_factory=Rates)
    room: Room = field(default_factory=Room)
    porch: Room = field(default_factory=lambda: Room(PORCH))
    """Where bodies wait whose sender is proved by them alone: whoever sends them may be anybody."""
    clock: Callable[[], float] = time.monotonic


def application(desk: Desk) -> Starlette:
    """The ASGI application."""

    async def reports(request: Request) -> Response:
        return await _answered(desk, request)

    async def health(_request: Request) -> Response:
        try:
            await asyncio.to_thread(desk.well)
        except FixgateError as error:
            return JSONResponse({"ok": False, "kind": type(error).__name__}, status_code=503)
        return JSONResponse({"ok": True})

    return Starlette(
        routes=[
            Route("/healthz", health, methods=["GET"]),
            Route(PATH, reports, methods=["POST"]),
            Route(PATH + "/{source}", reports, methods=["POST"]),
        ]
    )


async def _answered(desk: Desk, request: Request) -> Response:
    known = _Known()
    response = await _attempted(desk, request, known)
    # One who asks before it sends (RFC 9110 §10.1.1) has sent nothing yet, and need not; one who is late has had time.
    refused = response.status_code >= 400  # noqa: PLR2004 - where RFC 9110 begins with errors
    if refused and response.status_code != LATE and "expect" not in request.headers:
        with suppress(ClientDisconnect, RuntimeError):
            await drained(request.stream())
    return response


async def _attempted(desk: Desk, request: Request, known: "_Known") -> Response:
    try:
        return await _taken(desk, request, known)
    except ClientDisconnect:
        desk.teller.refused(Way.HTTP, "left", "the sender left before its report was whole", known.name)
        return Response(status_code=400)  # nobody hears it
    except Declined as declined:
        return _declined(desk, declined, known)
    except FixgateError as error:
        return _declined(desk, busy(error.message), known)
    except Exception as error:  # noqa: BLE001 - its text could quote a report, so that no library may log it
        desk.teller.failed("a request", error)
        return _declined(desk, Declined(500, "the receiver failed; its log says more"), known)


@dataclass(slots=True)
class _Known:
    """Whose request it is, as far as that was proved."""

    name: str = ""


async def _taken(desk: Desk, request: Request, known: _Known) -> Response:
    # (1) who
    sender = await desk.door.sender(request.path_params.get("source"), request.headers)
    # (2) what it says
    said = stated(sender.source, request.headers)
    # (3) whether it may, now
    if not sender.signs:
        known.name = sender.name
        _admit(desk, sender)
    with (desk.porch if sender.signs else desk.room).held() as held:
        # (4) the body
        body = await read(
            request.stream(),
            limit=sender.source.max_bytes,
            held=held,
            length=request.headers.get("content-length"),
            encoding=request.headers.get("content-encoding"),
        )
        # (5) its signature
        sender.check(body)
        if sender.signs:
            known.name = sender.name
            if said.event == GITHUB_PING:
                return JSONResponse({"ping": True})
            check_event(said)
            _admit(desk, sender)
        desk.rates.charge(sender.name, sender.source, len(body), desk.clock())
        # (6) into the store
        manifest = await _stored(desk, body)
        # (7) onto the topic
        place = desk.taker.take(_report(sender, said, body, manifest), said.parent)
        offset = await asyncio.wrap_future(place.offset)
    # (8) the answer
    desk.teller.taken(Way.HTTP, sender.name, len(body), f"{place.topic}/{place.partition}/{offset}")
    return _accepted(place, offset, manifest)


def _admit(desk: Desk, sender: Sender) -> None:
    wait = desk.rates.admit(sender.name, sender.source, desk.clock())
    if wait:
        raise Declined(429, "the source sends more than it may", retry_s=wait)


async def _stored(desk: Desk, body: bytes) -> Manifest | None:
    """The manifest of a report that no message holds, once the store has all of it."""
    if len(body) <= MESSAGE:
        return None
    if desk.storing is None:
        raise too_large(MESSAGE)
    return await desk.storing.stored(body)


def _report(sender: Sender, said: Stated, body: bytes, manifest: Manifest | None) -> Taken:
    return Taken(
        source=sender.name,
        principal=sender.principal,
        way=Way.HTTP,
        body=body,
        delivery=said.delivery,
        form=said.form,
        repository=said.repository,
        manifest=manifest,
    )


def _accepted(place: Place, offset: int, manifest: Manifest | None) -> Response:
    told: dict[str, str | int] = {
        "digest": place.digest,
        "topic": place.topic,
        "partition": place.partition,
        "offset": offset,
    }
    if manifest is not None:
        told["segments"] = len(manifest.segments)
    return JSONResponse(told, status_code=202)


def _declined(desk: Desk, declined: Declined, known: _Known) -> Response:
    desk.teller.refused(Way.HTTP, _WORDS[declined.status], declined.why, known.name)
    headers: dict[str, str] = {}
    if declined.status == 401:  # noqa: PLR2004 - RFC 9110 §15.5.2 asks for the header
        headers["www-authenticate"] = "Bearer"
    if declined.retry_s is not None:
        headers["retry-after"] = str(declined.retry_s)
    return JSONResponse({"error": declined.words}, status_code=declined.status, headers=headers)
