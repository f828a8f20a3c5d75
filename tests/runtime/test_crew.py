"""Work on signatures is shared out, and comes back whole, in order, or as the error that it is."""

import threading
from collections.abc import Iterator

import pytest

from fixgate.errors import Transient
from fixgate.runtime.crew import WORTH, Crew


@pytest.fixture(params=[1, 2, 3])
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    """Crews of several sizes."""
    made = Crew(request.param)
    yield made
    made.close()


@pytest.mark.parametrize("failing", [0, WORTH, 3 * WORTH])
def test_what_one_call_raises_is_raised(crew: Crew, failing: int) -> None:
    """No answer is better than answers with a hole."""

    def call(number: int) -> int:
        if number == failing:
            raise Transient("no certificate")
        return number

    with pytest.raises(Transient, match="no certificate"):
        crew.map(call, range(3 * WORTH + 1))


@pytest.mark.parametrize("count", [0, 1, WORTH - 1, WORTH, 2 * WORTH + 1, 500])
def test_answers_come_in_the_order_of_the_items(crew: Crew, count: int) -> None:
    """Whoever computed them."""
    assert crew.map(str, range(count)) == [str(n) for n in range(count)]


def test_few_items_stay_in_the_calling_thread(crew: Crew) -> None:
    """Handing them over would cost more than doing them."""
    threads = crew.map(lambda _: threading.get_ident(), range(WORTH - 1))
    assert set(threads) == {threading.get_ident()}


def test_a_crew_of_one_has_no_thread() -> None:
    """Nothing is started that nobody needs."""
    before = threading.active_count()
    crew = Crew(1)
    assert set(crew.map(lambda _: threading.get_ident(), range(500))) == {threading.get_ident()}
    assert threading.active_count() == before
    crew.close()
