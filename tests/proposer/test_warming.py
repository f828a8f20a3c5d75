"""What is loaded before the first assessment is what a rehearsal needs."""

from typing import Any

import pytest

from fixgate.events import FactState, Resource
from fixgate.settings import Settings
from services.proposer.adapters.bedrock import BedrockAssembler
from services.proposer.adapters.warming import SAMPLES, copied, warm
from services.proposer.assembling import RulesAssembler
from services.proposer.service import assembler_of


@pytest.mark.parametrize(("target", "projection"), SAMPLES)
def test_each_sample_can_be_copied_and_read(target: Resource, projection: dict[str, Any]) -> None:
    """Otherwise the warming up would do nothing, and nobody would notice."""
    assert copied(target, projection).state is FactState.VALUE
    warm()


def test_the_rules_pick_unless_a_model_is_set() -> None:
    """By the settings alone."""
    assert isinstance(assembler_of(Settings()), RulesAssembler)
    chosen = assembler_of(Settings(model="some.model-v1", model_endpoint="http://127.0.0.1:9"))
    assert isinstance(chosen, BedrockAssembler)
