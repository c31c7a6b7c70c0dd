"""What happens to a picture, step by step."""

import math

import numpy as np
import PIL.Image
from PIL import ImageDraw

from inkdigit.data.dataset import Dataset
from inkdigit.images import CLASSES, Grey, Ink
from inkdigit.preparation.load import to_grey
from inkdigit.preparation.rulings import find_writing
from inkdigit.reading.detector import SIDES, View, look, merge
from inkdigit.reading.draw import draw_annotated
from inkdigit.reading.regions import load_regions
from inkdigit.reading.result import Reading
from inkdigit.reading.scene import Scene
from inkdigit.synthesis.hand import Hand, write_digit
from inkdigit.synthesis.outliers import HALVES
from inkdigit.synthesis.sheet import Sheet
from inkdigit.synthesis.signs import draw_letters, draw_scribble, draw_sign

from .sheet import BLUE, GREEN, VERMILION, arrange, caption, draw_frame, fit, ink_picture, to_picture
from .subject import SAMPLES, Subject

SCALES = SIDES[1:10:2]
"""Those that are shown, of those that are looked at: 68, 136 … 1086."""

CLEAR = 0.3
"""Findings of one view are drawn from this score on."""

HAND = Hand(slant=0.1, aspect=1, nib="plain", pressure=0.5, softness=1, unrest=0.2)

LINE_COLOURS = (BLUE, VERMILION, GREEN, (204, 121, 167), (230, 159, 0))


def draw_all(subject: Subject) -> PIL.Image.Image:
    """A picture, its ink, the answer, and what the classifier saw of each digit."""
    explanation = subject.explain("phone.jpg")
    panels = {
        "as given": explanation.picture,
        "ink": ink_picture(explanation.ink),
        "boxes and answers": draw_annotated(explanation),
        "as the classifier sees each digit": arrange(
            [fit(to_picture(image), 112, 112) for image in explanation.images], 4
        ),
    }
    return arrange([caption(fit(picture, 490, 370), words) for words, picture in panels.items()], 2)


def draw_inks(subject: Subject) -> PIL.Image.Image:
    """Grey pictures, and below each its ink."""
    greys = [to_grey(subject.sample(name)) for name in ("photo.jpg", "chalk.png", "phone.jpg")]
    pictures = [*map(to_picture, greys), *(ink_picture(find_writing(grey)) for grey in greys)]
    return arrange([fit(picture, 320, 320) for picture in pictures], 3)


def draw_scales(subject: Subject) -> PIL.Image.Image:
    """One page as the locator sees it at several scales, with what it finds; at last what all of them say."""
    grey = to_grey(subject.sample("phone.jpg"))
    views = list(look(subject.locator, grey))
    shown = [view for view in views if round(view.scale * max(grey.shape)) in SCALES]
    panels = [caption(_draw_view(grey, view), _count(view, grey)) for view in shown]
    merged = View(1, merge(views))
    return arrange([*panels, caption(_draw_view(grey, merged, GREEN), "all together: means of the two clearest")], 3)


def _draw_view(grey: Grey, view: View, colour: tuple[int, int, int] = BLUE) -> PIL.Image.Image:
    width, height = 325, round(325 * grey.shape[0] / grey.shape[1])
    size = (max(1, round(grey.shape[1] * view.scale)), max(1, round(grey.shape[0] * view.scale)))
    seen = PIL.Image.fromarray(grey).resize(size, PIL.Image.Resampling.BOX)
    panel = seen.resize((width, height), PIL.Image.Resampling.NEAREST).convert("RGB")
    for box, scores in zip(view.findings.boxes, view.findings.scores, strict=True):
        if scores.max() >= CLEAR:
            words = f"{scores.argmax()}  {scores.max():.0%}"
            draw_frame(panel, box * (width / grey.shape[1]), words, colour, 2, letter=11)
    return panel


def _count(view: View, grey: Grey) -> str:
    return f"{round(view.scale * grey.shape[1])} x {round(view.scale * grey.shape[0])} pixels"


def draw_joining(subject: Subject) -> PIL.Image.Image:
    """What both networks say of everything that may be a digit, on a page of digits, letters and signs."""
    grey = _write_mixed(subject.digits)
    proposals = subject.proposer.propose(Scene.of(grey))
    scores, told = proposals.findings.scores, proposals.probabilities
    joined = subject.joining.join(scores, told)
    page, tiles = to_picture(grey), []
    for number in np.argsort(proposals.findings.boxes[:, 0], kind="stable")[:16]:
        is_digit = joined[number].argmax() < CLASSES
        words = [
            f"locator {_say(scores[number])}",
            f"classifier {_say(told[number])}",
            f"together {_say(joined[number])}",
        ]
        colour = BLUE if is_digit else VERMILION
        draw_frame(page, proposals.findings.boxes[number], "", colour, 2)
        tiles.append(caption(fit(to_picture(proposals.images[number]), 117, 117), "\n".join(words), colour))
    sheet = arrange(tiles, 8)
    above = page.resize((sheet.width, round(page.height * sheet.width / page.width)), PIL.Image.Resampling.BICUBIC)
    whole = PIL.Image.new("RGB", (sheet.width, above.height + sheet.height), "white")
    whole.paste(above, (0, 0))
    whole.paste(sheet, (0, above.height))
    return whole


def _say(values: np.ndarray) -> str:
    """The likeliest value and its share, as ``7: .98``."""
    best = int(values.argmax())
    return f"{'none' if best == CLASSES else best}: {min(float(values[best]), 0.99):.2f}".replace("0.", ".")


def _write_mixed(digits: Dataset) -> Grey:
    """A line of digits, some of them touching, among signs and letters, on grey paper."""
    random = np.random.default_rng(4)
    sheet = Sheet(np.zeros((150, 1130), np.float32), 1130)
    x = 25.0
    for place, sign in enumerate(("3", "7", "+", "1", "0", "=", "4", "R", "8", "tick", "2", "6", "scribble")):
        drawn = _draw_thing(sign, 80, digits, random)
        sheet.put(drawn, x, 75 - drawn.shape[0] / 2 + random.uniform(-6, 6))
        x += drawn.shape[1] + (-9 if place in (0, 3, 10) else 22)
    return _take(sheet.ink)


def _draw_thing(name: str, height: float, digits: Dataset, random: np.random.Generator) -> Grey:
    """A digit, sign, letter or scribble of this height."""
    if name.isdigit():
        image = digits.images[random.choice(np.flatnonzero(digits.labels == int(name)))]
        return write_digit(image, height, HAND, random)
    if name == "scribble":
        return draw_scribble(height, 5, random)
    if name.isalpha() and len(name) == 1:
        return draw_letters(name, height, random, "DejaVuSans")
    return draw_sign(name, 0.7 * height, 6, random)


def _take(ink: Ink) -> Grey:
    """Dark ink on light paper."""
    return np.asarray(np.rint(232 * (1 - 0.8 * ink)), np.uint8)


def draw_refusals(subject: Subject) -> PIL.Image.Image:
    """Small pictures, and the answer to each with its reason."""
    random = np.random.default_rng(24)
    digits = subject.digits
    pictures = [_write_one(_draw_thing(name, 90, digits, random)) for name in "27"]
    pictures += [_write_one(_draw_thing(name, 90, digits, random)) for name in ("tick", "W", "scribble", "*")]
    pictures.append(_write_one(_draw_thing("6", 9, digits, random)))
    cut = _draw_thing("8", 110, digits, random)
    pictures.append(_write_one(cut[:, : cut.shape[1] // 2], right=0))
    halved = _draw_thing(str(HALVES["top"][1]), 110, digits, random)
    pictures.append(_write_one(halved[: halved.shape[0] // 2]))
    pictures.append(_write_one(_draw_thing("S", 90, digits, random)))
    return arrange(
        [caption(fit(to_picture(grey), 185, 185), _answer(subject.reader.read(grey))) for grey in pictures], 5
    )


def _write_one(drawn: Grey, right: int | None = None) -> Grey:
    """One thing in the middle of a picture, or so many pixels from its right edge."""
    sheet = Sheet(np.zeros((140, 140), np.float32), 140)
    x = (140 - drawn.shape[1]) / 2 if right is None else 140 - right - drawn.shape[1]
    sheet.put(drawn, x, (140 - drawn.shape[0]) / 2)
    return _take(sheet.ink)


def _answer(reading: Reading) -> str:
    if not reading.digits:
        return "nothing"
    told = [f"{digit.text}  {digit.confidence:.0%}" for digit in reading.digits]
    reasons = {digit.reason.replace("_", " ") for digit in reading.digits if digit.reason}
    return ", ".join([*told[:2], *sorted(reasons)])


def draw_lines(subject: Subject) -> PIL.Image.Image:
    """A page that slopes, each line in a colour; and one that lies on its side, read all the same."""
    page = subject.sample("page.png")
    sloping = page.rotate(9, PIL.Image.Resampling.BICUBIC, expand=True, fillcolor=(252, 251, 247))
    reading = subject.reader.read(sloping)
    canvas = sloping.convert("RGB")
    draw = ImageDraw.Draw(canvas)
    for line, colour in zip(reading.lines, LINE_COLOURS, strict=False):
        middles = [(digit.box.centre_x, digit.box.centre_y) for digit in line.digits]
        draw.line(middles, fill=colour, width=5)
        for digit in line.digits:
            draw_frame(canvas, digit.box, "", colour, 4)
        draw_frame(canvas, line.digits[0].box, line.text, colour, 4, letter=34)
    lying = subject.reader.explain(page.transpose(PIL.Image.Transpose.ROTATE_90))
    words = " / ".join(lying.reading.text.split("\n"))
    return arrange(
        [
            caption(fit(canvas, 490, 460), "lines follow the slope of the writing"),
            caption(fit(draw_annotated(lying), 490, 460), f"on its side, read as {words}"),
        ],
        2,
    )


def draw_regions(subject: Subject) -> PIL.Image.Image:
    """A form with the boxes of ``samples/regions.json``, and the answer to each."""
    page = subject.sample("page.png").convert("RGB")
    regions = load_regions(SAMPLES / "regions.json")
    readings = subject.reader.read_regions(page, regions)
    for name, box in regions.items():
        reading = readings[name]
        text = (reading.text.replace("\n", " / ") or "empty") if isinstance(reading, Reading) else reading.code
        draw_frame(page, box, f"{name}: {text}", BLUE if text != "empty" else VERMILION, 2, letter=20)
    scale = 800 / page.width
    return page.resize((800, math.ceil(page.height * scale)), PIL.Image.Resampling.BICUBIC)
