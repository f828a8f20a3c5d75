"""A model behind Amazon Bedrock's Converse as an assembler: it picks among the offers, or the rules do.

Whatever it answers that is not exactly one choice on offer leads to one more try, and then to the rules' choice, which
is recorded as the rules': a proposal is never the model's invention.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

import boto3
from botocore.config import Config

from fixgate.events import Assembler, AssemblerKind
from services.proposer.adapters.prompting import Unusable, choice_in, digest_of, prompt
from services.proposer.assembling import Picked, Question, RulesAssembler, is_on_offer

TRIES: Final = 2
SECONDS: Final = 4.0
"""For one answer, from the first byte sent to the last received."""
_CONNECT_SECONDS: Final = 1.0
_AT_ONCE: Final = 8
"""Questions under way, those that were given up included: beyond it the rules pick at once."""
_NOBODY: Final = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
_VERSION: Final = "converse-1"


class BedrockAssembler:
    """Asks `model`; `endpoint` is a stand-in's address, empty for AWS itself with this process's own credentials.

    Safe to share between threads. Never raises for what the model or its API does.
    """

    def __init__(self, model: str, endpoint: str, region: str, seconds: float = SECONDS) -> None:
        self._model = model
        self._seconds = seconds
        self._rules = RulesAssembler()
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        made: Any = boto3.session.Session()
        self._client: Any = made.client(
            "bedrock-runtime",
            region_name=region,
            endpoint_url=endpoint or None,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=seconds,
                retries={"total_max_attempts": 1, "mode": "standard"},
                proxies={} if endpoint else None,
            ),
            # What stands in for AWS is told nobody's credentials.
            **(_NOBODY if endpoint else {}),
        )

    def pick(self, question: Question, deadline: float) -> Picked:
        """The model's choice if it is one, else the rules'; blocks for two answers at most, and within the deadline."""
        request = prompt(question)
        end = time.monotonic() + deadline
        for _ in range(TRIES):
            left = min(self._seconds, end - time.monotonic())
            if left <= 0:
                break
            try:
                answer = self._answer(request, left)
                choice = choice_in(answer)
            except Unusable:
                continue
            if is_on_offer(choice, question.applicable):
                assembler = Assembler(
                    kind=AssemblerKind.MODEL,
                    name=self._model,
                    version=_VERSION,
                    prompt_digest=digest_of(request),
                    answer_digest=digest_of(answer.get("output")),
                )
                return Picked(choice=choice, assembler=assembler)
        return self._rules.pick(question, deadline)

    def _answer(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        if not self._places.acquire(blocking=False):
            raise Unusable("too many questions are under way")
        answered: list[dict[str, Any]] = []

        def ask() -> None:
            try:
                answered.append(self._client.converse(modelId=self._model, **request))
            except Exception:  # noqa: BLE001, S110 - whatever comes over the wire and cannot be understood is no answer
                pass
            finally:
                self._places.release()

        _within(seconds, ask)
        if not answered:
            raise Unusable("there was no answer in time that could be understood")
        return answered[0]


def _within(seconds: float, call: Callable[[], None]) -> None:
    """Call it, and wait no longer than that: an answer that trickles in holds up nobody."""
    thread = threading.Thread(target=call, name="model", daemon=True)
    thread.start()
    thread.join(seconds)
