"""The SPIFFE Workload API of one identity (SPIFFE Workload API §4 to §6), for whoever has opened its socket.

Every call must carry the security header (§4.2: it shows that the caller means to speak to this API). A stream sends
at once, again at half of each SVID's life, and at once upon every change; it ends with PERMISSION_DENIED when the
entry is removed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
import grpc.aio
import jwt
from google.protobuf import struct_pb2
from spiffe._proto import workload_pb2 as pb

from fixgate.local.authority.config import Entry
from fixgate.local.authority.issue import SPIFFE_USE, Issuer

SERVICE = "SpiffeWorkloadAPI"
_grpc: Any = grpc  # its stubs leave out type arguments, which strict checkers refuse at every use
SECURITY_HEADER = ("workload.spiffe.io", "true")

Context = grpc.aio.ServicerContext[Any, Any]
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Present:
    """The authority's present state, and a bell that rings when it changes."""

    issuer: Issuer
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def replace(self, issuer: Issuer) -> None:
        """Take a new state; whoever waits for a change wakes."""
        self.issuer = issuer
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_changed(self, since: Issuer, timeout_s: float) -> None:
        """Return as soon as the state is another one than `since`, or after the time."""
        if self.issuer is not since:
            # It changed while an answer was being sent.
            return
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return


@dataclass(frozen=True, slots=True)
class WorkloadApi:
    """The answers to one identity's calls; `name` is the entry's."""

    present: Present
    name: str

    async def fetch_x509_svid(
        self, _request: pb.X509SVIDRequest, context: Context
    ) -> AsyncIterator[pb.X509SVIDResponse]:
        """A new X.509-SVID, and again before it ends."""

        def make(issuer: Issuer, entry: Entry) -> pb.X509SVIDResponse:
            svid = issuer.x509_svid(entry)
            message = pb.X509SVID(
                spiffe_id=svid.spiffe_id, x509_svid=svid.certificate, x509_svid_key=svid.key, bundle=svid.bundle
            )
            return pb.X509SVIDResponse(svids=[message])

        async for answer in self._stream(context, make):
            yield answer

    async def fetch_x509_bundles(
        self, _request: pb.X509BundlesRequest, context: Context
    ) -> AsyncIterator[pb.X509BundlesResponse]:
        """The authorities that verify X.509-SVIDs."""

        def make(issuer: Issuer, _entry: Entry) -> pb.X509BundlesResponse:
            return pb.X509BundlesResponse(bundles={issuer.config.issuer: issuer.x509_bundle()})

        async for answer in self._stream(context, make):
            yield answer

    async def fetch_jwt_bundles(
        self, _request: pb.JWTBundlesRequest, context: Context
    ) -> AsyncIterator[pb.JWTBundlesResponse]:
        """The keys that verify JWT-SVIDs."""

        def make(issuer: Issuer, _entry: Entry) -> pb.JWTBundlesResponse:
            return pb.JWTBundlesResponse(bundles={issuer.config.issuer: issuer.jwks(SPIFFE_USE)})

        async for answer in self._stream(context, make):
            yield answer

    async def fetch_jwt_svid(self, request: pb.JWTSVIDRequest, context: Context) -> pb.JWTSVIDResponse:
        """A new token for the audience asked for."""
        entry = await self._admit(context)
        issuer = self.present.issuer
        if not request.audience:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "audience must be specified")
        spiffe_id = issuer.config.spiffe_id(entry)
        if request.spiffe_id and request.spiffe_id != spiffe_id:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"{request.spiffe_id} is not this socket's identity")
        svid = pb.JWTSVID(spiffe_id=spiffe_id, svid=issuer.jwt_svid(entry, list(request.audience)))
        return pb.JWTSVIDResponse(svids=[svid])

    async def validate_jwt_svid(
        self, request: pb.ValidateJWTSVIDRequest, context: Context
    ) -> pb.ValidateJWTSVIDResponse:
        """The claims of a token that is valid here."""
        await self._admit(context)
        try:
            claims = self.present.issuer.validate(request.svid, request.audience)
        except jwt.PyJWTError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        message = struct_pb2.Struct()
        message.update(dict(claims))
        return pb.ValidateJWTSVIDResponse(spiffe_id=claims["sub"], claims=message)

    async def _stream(self, context: Context, make: Callable[[Issuer, Entry], Answer]) -> AsyncIterator[Answer]:
        while True:
            entry = await self._admit(context)
            issuer = self.present.issuer
            yield make(issuer, entry)
            await self.present.wait_changed(issuer, issuer.config.x509_ttl_s / 2)

    async def _admit(self, context: Context) -> Entry:
        """The entry, when the call may have an answer at all."""
        metadata = [(str(key), value) for key, value in context.invocation_metadata() or ()]
        if SECURITY_HEADER not in metadata:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing from request")
        for entry in self.present.issuer.config.entries:
            if entry.name == self.name:
                return entry
        # Workload API §5.2.1: the code for "no identity is defined for the caller".
        return await context.abort(grpc.StatusCode.PERMISSION_DENIED, "no identity issued")


def handlers(api: WorkloadApi) -> "grpc.GenericRpcHandler[Any, Any]":
    """The service's methods; registered by hand, for the generated registration has no types."""
    methods: Mapping[str, Any] = {
        "FetchX509SVID": _grpc.unary_stream_rpc_method_handler(
            api.fetch_x509_svid, pb.X509SVIDRequest.FromString, pb.X509SVIDResponse.SerializeToString
        ),
        "FetchX509Bundles": _grpc.unary_stream_rpc_method_handler(
            api.fetch_x509_bundles, pb.X509BundlesRequest.FromString, pb.X509BundlesResponse.SerializeToString
        ),
        "FetchJWTBundles": _grpc.unary_stream_rpc_method_handler(
            api.fetch_jwt_bundles, pb.JWTBundlesRequest.FromString, pb.JWTBundlesResponse.SerializeToString
        ),
        "FetchJWTSVID": _grpc.unary_unary_rpc_method_handler(
            api.fetch_jwt_svid, pb.JWTSVIDRequest.FromString, pb.JWTSVIDResponse.SerializeToString
        ),
        "ValidateJWTSVID": _grpc.unary_unary_rpc_method_handler(
            api.validate_jwt_svid, pb.ValidateJWTSVIDRequest.FromString, pb.ValidateJWTSVIDResponse.SerializeToString
        ),
    }
    generic: grpc.GenericRpcHandler[Any, Any] = _grpc.method_handlers_generic_handler(SERVICE, dict(methods))
    return generic
