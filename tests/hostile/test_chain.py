"""A decision that comes again, or is not what was signed: no change comes of it, and no credential."""

from fixgate.events import Decision, Result, Signed
from fixgate.signing import digest
from tests.hostile.drafting import PIN
from tests.hostile.pair import Pair
from tests.hostile.targets import Targets
from tests.services_world import CODEC


def test_a_replayed_warrant_changes_nothing(pair: Pair, targets: Targets) -> None:
    """The same signed decision a second time, after its change is over: a dead letter, no second intent or write."""
    pair.issuer()
    pair.executor()
    lock = pair.decide(targets.workflow(), PIN)
    outcome = pair.finish(lock)[lock]
    assert outcome.result is Result.DONE, outcome.detail
    pair.world.append("decisions", pair.world.signed("decisions")[0], lock.encode())
    pair.until(lambda: len(pair.world.rejected("executor")) == 1, "the dead letter")
    pair.until(lambda: len(pair.world.rejected("issuer")) == 1, "the issuer's")
    assert pair.world.rejected("executor")[0].reason == "replayed"
    assert (len(pair.outcomes()), len(pair.intents()), len(pair.books().writes)) == (1, 1, 1)


def test_an_altered_warrant_changes_nothing(pair: Pair, targets: Targets) -> None:
    """One byte of what the gate signed is another: neither the executor nor the issuer takes it for a decision."""
    lock = pair.decide(targets.workflow(), PIN)
    (sent,) = pair.world.signed("decisions")
    warrant = CODEC.decode(sent.value, Decision).warrant
    assert warrant is not None
    name = warrant.warrant_id.encode()
    altered = sent.value.replace(name, name[:-1] + b"9")
    assert digest(altered) != digest(sent.value)
    for partition in range(pair.world.broker.partitions("fixgate.decisions")):
        pair.world.broker.forget("fixgate.decisions", partition, 1 << 30)
    pair.world.append(
        "decisions", Signed(value=altered, signature=sent.signature, certificate=sent.certificate), lock.encode()
    )
    pair.issuer()
    pair.executor()
    pair.until(lambda: len(pair.world.rejected("executor")) == 1, "the dead letter")
    assert pair.world.rejected("executor")[0].reason == "bad_signature"
    assert (pair.outcomes(), pair.intents(), pair.books().writes, pair.grants()) == ([], [], [], {})
