"""Scores of readings, as the issue's own script counts them: signs dropped, empty lines too, "?" is never right."""

import re
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks.readers import Answer, Answers

from inkdigit.evaluation.metrics import ece, risk_coverage, wilson_interval
from inkdigit.images import CLASSES

COVERAGES = (80, 90, 95, 100)


@dataclass(frozen=True)
class Picture:
    """A row of a manifest.

    Attributes:
        file: its name.
        label: a line per line of writing.
        kind: as drawn, photo or other.
        is_inverted: whether the ink is lighter than the paper.
        notes: what is special.
    """

    file: str
    label: str
    kind: str
    is_inverted: bool
    notes: str

    @property
    def wanted(self) -> str:
        """The digits of the label alone."""
        return keep(self.label, "0-9")


def keep(text: str, characters: str) -> str:
    """These characters of each line, without the lines that have none."""
    return "\n".join(filter(None, (re.sub(f"[^{characters}]", "", line) for line in text.split("\n"))))


def told(answer: Answer) -> str:
    """Digits and refusals."""
    return keep(answer.text, "0-9?")


def is_right(picture: Picture, answer: Answer) -> bool:
    """Whether it is wholly right."""
    return told(answer) == picture.wanted


def is_quiet(_: Picture, answer: Answer) -> bool:
    """Whether no digit is told, which alone is right of what is none."""
    return not re.search("[0-9]", answer.text)


def distance(first: str, second: str) -> int:
    """Edits from one text to the other (Levenshtein 1966)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first):
        following = [i + 1]
        for j, b in enumerate(second):
            following.append(min(following[-1] + 1, row[j + 1] + 1, row[j] + (a != b)))
        row = following
    return row[-1]


def share(count: int, n: int) -> dict[str, Any]:
    """A count of n, with the 95 % interval of its share."""
    return {"count": count, "n": n, "share": count / max(n, 1), "interval": wilson_interval(count, n)}


def score_pages(pictures: Sequence[Picture], answers: Answers) -> dict[str, Any]:
    """Wholly right, also by kind; digits by edit distance; refused; seconds and memory."""
    pairs = list(zip(pictures, answers.answers, strict=True))
    hits = [is_right(picture, answer) for picture, answer in pairs]
    refused = sum("?" in told(answer) for _, answer in pairs)
    kinds = defaultdict(list)
    for picture, hit in zip(pictures, hits, strict=True):
        kinds[picture.kind].append(hit)
    return {
        "right": share(sum(hits), len(hits)),
        "by_kind": {kind: share(sum(group), len(group)) for kind, group in sorted(kinds.items())},
        "digits": _digit_accuracy(pairs),
        "refused": share(refused, len(hits)),
        "right_of_the_rest": share(sum(hits), len(hits) - refused),
        "nothing_found": share(sum(not told(answer) for _, answer in pairs), len(hits)),
        **_cost(answers),
    }


def score_singles(pictures: Sequence[Picture], answers: Answers) -> dict[str, Any]:
    """As for pages; and how far the confidence can be believed."""
    return {**score_pages(pictures, answers), **_trust(pictures, answers.answers)}


def score_negatives(pictures: Sequence[Picture], answers: Answers) -> dict[str, Any]:
    """In how many pictures any digit is told; seconds and memory."""
    accepted = sum(not is_quiet(picture, answer) for picture, answer in zip(pictures, answers.answers, strict=True))
    return {"accepted": share(accepted, len(answers.answers)), **_cost(answers)}


def _digit_accuracy(pairs: Sequence[tuple[Picture, Answer]]) -> float:
    """1 less the edits per digit; a page costs at most its digits."""
    edits = total = 0
    for picture, answer in pairs:
        wanted = picture.wanted.replace("\n", "")
        edits += min(distance(told(answer).replace("\n", ""), wanted), len(wanted))
        total += len(wanted)
    return 1 - edits / max(total, 1)


def _trust(pictures: Sequence[Picture], answers: Sequence[Answer]) -> dict[str, Any]:
    """ECE over what is told; risk and coverage over all, where what is not told comes last and is wrong."""
    right = np.array([is_right(picture, answer) for picture, answer in zip(pictures, answers, strict=True)])
    is_told = np.array([bool(re.fullmatch("[0-9\n]+", told(answer))) for answer in answers])
    confidence = np.array([answer.confidence for answer in answers]) * is_told
    # The package's own measures take probabilities (n, classes) and labels: class 0 stands for the answer.
    probabilities = np.zeros((len(answers), CLASSES), np.float32)
    probabilities[:, 0] = confidence
    labels = np.where(right, 0, 1)
    curve = risk_coverage(probabilities, labels)
    return {
        "ece": ece(probabilities[is_told], labels[is_told]) if is_told.any() else None,
        "aurc": curve.aurc,
        "risk_at_coverage": {str(percent): curve.risk_at(percent) for percent in COVERAGES},
    }


def _cost(answers: Answers) -> dict[str, Any]:
    seconds = [answer.seconds for answer in answers.answers]
    return {
        "seconds": {"median": statistics.median(seconds), "p95": float(np.percentile(seconds, 95))},
        "peak_mb": answers.peak_mb,
    }
