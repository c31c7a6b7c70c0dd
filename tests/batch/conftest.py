from collections.abc import Iterator

import pytest

from inkdigit.batch.engine import Engine, start


@pytest.fixture(scope="package")
def engine() -> Iterator[Engine]:
    """A Ray of one process, which whatever reads meanwhile shares: it takes seconds to start."""
    with start(1, None) as engine:
        yield engine
