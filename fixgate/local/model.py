"""A stand-in for Amazon Bedrock's Converse on loopback, honest or lying as it is told. It thinks about nothing.

It answers `POST /model/<id>/converse` with the first option of the tool's schema, or with one of the lies. For tests
and for trying out what a model that means ill can do, which is nothing.
"""

import argparse
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import unquote

LOOPBACK: Final = "127.0.0.1"
_BODY_MAX: Final = 8 * 1024 * 1024
_HUGE: Final = 2_000_000

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is sent back; `after` seconds are waited before its last byte, or until the stand-in closes."""

    body: bytes
    status: int = 200
    after: float = 0.0


Behaviour = Callable[[Json], Reply]
"""From Bedrock's request to the reply."""


def says(content: list[Any], stop: str = "tool_use") -> Reply:
    """A reply in Converse's form with these blocks of content."""
    answer = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    }
    return Reply(body=json.dumps(answer).encode())


def calls(given: object, name: str = "pick") -> Json:
    """A block that calls the tool."""
    return {"toolUse": {"toolUseId": "t1", "name": name, "input": given}}


def first_option(request: Mapping[str, Any]) -> Json:
    """The first option that the request's tool allows."""
    schema: Json = request["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
    option: Json = schema["properties"]["choice"]["anyOf"][0]["properties"]
    slots: Json = option["slots"]["properties"]
    return {
        "template": option["template"]["const"],
        "slots": {name: values["enum"][0] for name, values in slots.items()},
    }


def picks(request: Mapping[str, Any]) -> Json:
    """A block that picks the first option."""
    return calls({"choice": first_option(request)})


def honest(request: Json) -> Reply:
    """Picks what is on offer."""
    return says([{"text": "The least disruptive option."}, picks(request)])


def _untrue(**changed: object) -> Behaviour:
    return lambda request: says([calls({"choice": {**first_option(request), **changed}})])


def _echo(request: Json) -> Reply:
    """Says back what it was given, as an instruction."""
    words = json.dumps(request["messages"])[:2000]
    return says(
        [{"text": f"As the report asks: {words}"}, calls({"choice": {"template": words, "slots": {"target": words}}})]
    )


LIES: Final[Mapping[str, Behaviour]] = {
    "unknown-template": _untrue(template="aws-iam-delete-user"),
    "unknown-reference": _untrue(slots={"commit": "the-newest"}),
    "other-target": _untrue(target="arn:aws:iam::999999999999:user/root"),
    "extra-fields": _untrue(approved=True, environment="development"),
    "beside-the-choice": lambda request: says([calls({"choice": first_option(request), "scope": "*"})]),
    "echo": _echo,
    "no-call": lambda _request: says([{"text": "I would delete the user."}], "end_turn"),
    "two-calls": lambda request: says([picks(request), picks(request)]),
    "other-tool": lambda request: says([calls({"choice": first_option(request)}, "execute")]),
    "not-json": lambda _request: Reply(body=b"{'template':"),
    "other-json": lambda _request: Reply(body=b'[{"template": null}]'),
    "error": lambda _request: Reply(body=b'{"message": "no"}', status=500),
    "throttled": lambda _request: Reply(body=b'{"__type": "ThrottlingException"}', status=429),
    "huge": lambda request: says([{"text": "x" * _HUGE}, picks(request)]),
    "slow": lambda request: Reply(body=honest(request).body, after=3600.0),
}
"""By name: each of them must lead to nothing but the rules' choice."""


@dataclass
class StandInModel(AbstractContextManager["StandInModel"]):
    """Serves while it is entered. `behaviour` may be changed at any time; `requests` are those that came."""

    behaviour: Behaviour = honest
    port: int = 0
    requests: list[Json] = field(default_factory=list[Json])
    models: list[str] = field(default_factory=list[str])

    def __enter__(self) -> Self:
        self._closing = threading.Event()
        self._server = _Server((LOOPBACK, self.port), _Handler)
        self._server.model = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="stand-in", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def wait(self, seconds: float) -> None:
        """Wait so long, or until it closes."""
        self._closing.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    model: StandInModel


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Converse; anything else is not there."""
        model = cast(_Server, self.server).model
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), _BODY_MAX))
        parts = self.path.split("/")
        if parts[:2] != ["", "model"] or parts[-1] != "converse":
            self._send(Reply(body=b"{}", status=404), model)
            return
        request: Json = json.loads(body)
        model.requests.append(request)
        model.models.append(unquote(parts[2]))
        self._send(model.behaviour(request), model)

    def _send(self, reply: Reply, model: StandInModel) -> None:
        try:
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[:-1])
            self.wfile.flush()
            if reply.after:
                model.wait(reply.after)
            self.wfile.write(reply.body[-1:])
        except OSError:
            self.close_connection = True  # whoever asked does not wait any longer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: whoever runs it sees the requests."""


def main(arguments: list[str] | None = None) -> None:
    """`python -m fixgate.local.model [--port N] [--lie NAME]`: serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m fixgate.local.model", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0 takes a free one")
    parser.add_argument("--lie", choices=sorted(LIES), help="lie so; honest without it")
    given = parser.parse_args(arguments)
    with StandInModel(behaviour=LIES[given.lie] if given.lie else honest, port=given.port) as model:
        print(model.address, flush=True)  # noqa: T201 - for whoever started it
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
