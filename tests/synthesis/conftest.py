"""Real digits that need no download."""

import pytest

from inkdigit.data.dataset import Dataset, load_dataset


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """Some 1,200 digits of people."""
    return load_dataset("optdigits")
