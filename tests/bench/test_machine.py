"""The machine's description is there and true."""

import os
import platform

from bench import machine, neighbour


def test_the_description_says_what_figures_depend_on() -> None:
    """Each part is known, or says that it is not."""
    described = machine.describe(quixstreams=None)
    assert described.cores == os.cpu_count()
    assert described.python == platform.python_version()
    assert described.kafka.count(".") == 2
    assert described.librdkafka.startswith("2.")
    assert described.cpu
    assert described.commit


def test_the_neighbours_version_is_the_pinned_one() -> None:
    """It is read from the requirements that its environment is made from."""
    assert neighbour.installed_version().split(".")[0].isdigit()
