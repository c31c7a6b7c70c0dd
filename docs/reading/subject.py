"""What the pictures show: our own samples, digits to write pages with, and the reader that ships."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import PIL.Image

from inkdigit import Dataset, OnnxClassifier, Reader, load_dataset
from inkdigit.learning.recipes import RECIPES
from inkdigit.locator import OnnxLocator
from inkdigit.preparation.load import load_picture
from inkdigit.reading.explain import Explanation
from inkdigit.reading.joining import Joining
from inkdigit.reading.proposer import Proposer
from inkdigit.reading.weights import DEFAULT, LOCATOR, find_model
from inkdigit.synthesis.variants import vary

SAMPLES = Path(__file__).parents[2] / "samples"

DIGITS = 2000
"""So many write more pages than are shown."""


@dataclass(frozen=True)
class Subject:
    """The networks and what they are tried on.

    Attributes:
        data: a dataset's name; its training digits write the pages.
    """

    data: str = "mnist"

    @cached_property
    def digits(self) -> Dataset:
        """Training digits, some in other hands, as for the locator."""
        digits = load_dataset(self.data, "train")
        few = replace(digits, images=digits.images[:DIGITS], labels=digits.labels[:DIGITS])
        return vary(few, RECIPES["locator"].variants, 0)

    @cached_property
    def locator(self) -> OnnxLocator:
        """The network that finds digits."""
        return OnnxLocator(find_model(LOCATOR), threads=1)

    @cached_property
    def classifier(self) -> OnnxClassifier:
        """The network that reads each again."""
        return OnnxClassifier(find_model(DEFAULT), threads=1)

    @cached_property
    def joining(self) -> Joining:
        """How both are heard."""
        return Joining.of(self.locator)

    @cached_property
    def proposer(self) -> Proposer:
        """What looks at a page."""
        return Proposer(self.locator, self.classifier)

    @cached_property
    def reader(self) -> Reader:
        """What ``inkdigit read`` reads with."""
        return Reader(self.classifier, locator=self.locator)

    def sample(self, name: str) -> PIL.Image.Image:
        """A picture of samples/, upright."""
        return load_picture(SAMPLES / name)

    def explain(self, name: str) -> Explanation:
        """What each step saw of a sample."""
        return self.reader.explain(SAMPLES / name)
