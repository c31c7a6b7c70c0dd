"""Pictures → readings."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby, islice
from pathlib import Path
from typing import TypeGuard, Unpack

import numpy as np
import PIL.Image

from inkdigit.classifier import Classifier, OnnxClassifier
from inkdigit.errors import ImageError, UsageError, unknown
from inkdigit.images import SIZE, Grey, are_digit_images
from inkdigit.locator import Locator, OnnxLocator
from inkdigit.machine import count_cores
from inkdigit.preparation.box import Box
from inkdigit.preparation.load import PictureLike, Unreadable, is_open_file, load_picture, to_grey
from inkdigit.reading.explain import Explanation
from inkdigit.reading.finder import Finder, Found
from inkdigit.reading.joining import Joining
from inkdigit.reading.layout import find_lines
from inkdigit.reading.lines import build_line
from inkdigit.reading.options import Options, build_rules, check_box, check_confidence
from inkdigit.reading.processes import check_processes, map_in_processes
from inkdigit.reading.regions import name_part
from inkdigit.reading.result import Reading
from inkdigit.reading.rules import Rules
from inkdigit.reading.weights import DEFAULT, LOCATOR, find_model

BATCH = 32
"""The most digit images that the classifier is given at once."""

AHEAD = 4
"""Pictures, for each core, that are taken before the first answer is waited for."""

TOGETHER = 4
"""Sources that a process is given at once."""


class Reader:
    """Reads digits with two networks, opened once: a locator finds them, a classifier reads each again.

    It may be sent to other processes, where it opens its models anew.

    Attributes:
        classifier: a callable from digit images to probabilities.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Classifier = DEFAULT,
        *,
        locator: str | os.PathLike[str] | Locator = LOCATOR,
        threads: int = 0,
    ) -> None:
        """Opens both models.

        Args:
            model: the classifier: the name of shipped weights, a run's folder, an .onnx file, or any callable.
            locator: likewise.
            threads: for one call of a network; 0 lets ONNX Runtime choose.

        Raises:
            UsageError: no such name, folder or file.
            DataError: a model is damaged, or not what it is taken for.
        """
        self.classifier = (
            OnnxClassifier(find_model(model), threads=threads) if isinstance(model, str | os.PathLike) else model
        )
        opened = (
            OnnxLocator(find_model(locator), threads=threads) if isinstance(locator, str | os.PathLike) else locator
        )
        self._locator, self._joining = opened, Joining.of(opened)
        self._finder = Finder(opened, self.classifier, self._joining)

    def read(self, source: PictureLike, **options: Unpack[Options]) -> Reading:
        """Reads one picture.

        Args:
            source: a path, a file's bytes, an open file, a PIL image or an array; see
                ``inkdigit.preparation.load.load``.
            **options: see ``Options``.

        Raises:
            ImageError: it cannot be read; its code says why.
            UsageError: an option has a value that it does not take.
            DataError: a list of numbers that cannot be read.
        """
        return self.explain(source, **options).reading

    def read_many(
        self, sources: Iterable[PictureLike], *, processes: int = 1, **options: Unpack[Options]
    ) -> Iterator[Reading | ImageError]:
        """Yields a reading, or the error, for each source in order; options as for ``read``.

        Successive digit images are read together, up to ``BATCH`` of them, and other pictures in parallel, up to
        ``AHEAD`` per core ahead of the answers, which wait for sources that come slowly. A caller may stop early: what
        is not begun is not read.

        Args:
            sources: pictures.
            processes: how many read. Threads share one core for everything but the networks, so thousands of files are
                read faster by one process per core, each with its own models (100 MB); a script that asks for several
                must begin its work under ``if __name__ == "__main__":``.
            **options: as for ``read``.

        Raises:
            UsageError: as for ``read``; several processes, and a model that is no file.
            DataError: as for ``read``.
            EnvironmentFault: processes die, one after the other.
        """
        options["rules"] = build_rules(options.get("rules", ()))
        check_processes(processes)
        if _is_one_picture(sources):
            raise UsageError("found one picture, expected several: put it into a list, or call read")
        if processes == 1:
            return self._read_many(sources, options)
        opener = partial(_open_alone, *self._files(), options)
        return map_in_processes(opener, map(_to_send, sources), processes, together=TOGETHER)

    def _files(self) -> tuple[Path, Path]:
        """Where both models lie."""
        if not isinstance(self.classifier, OnnxClassifier) or not isinstance(self._locator, OnnxLocator):
            raise UsageError(
                "found a model that is no file, expected files: every process opens its own; leave out processes"
            )
        return self.classifier.path, self._locator.path

    def _read_many(self, sources: Iterable[PictureLike], options: Options) -> Iterator[Reading | ImageError]:
        cores = count_cores()
        pending: deque[Future[list[Reading | ImageError]]] = deque()
        pool = ThreadPoolExecutor(cores)
        try:
            for part in _together(sources):
                pending.append(pool.submit(self._read_together, part, options))
                while pending and (len(pending) > AHEAD * cores or pending[0].done()):
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _read_together(self, sources: Sequence[PictureLike], options: Options) -> list[Reading | ImageError]:
        images = _digit_images(sources) if options.get("region") is None else {}
        known = self._read_images(images, options)
        return [known[place] if place in known else self._try(source, options) for place, source in enumerate(sources)]

    def _try(self, source: PictureLike, options: Options) -> Reading | ImageError:
        try:
            return self.read(source, **options)
        except ImageError as error:
            return error

    def _read_images(self, images: Mapping[int, Grey], options: Options) -> dict[int, Reading]:
        """Reads digit images (28, 28) in one go, each as ``read`` does; leaves out those that need another look."""
        if not images:
            return {}
        asked = self._check(next(iter(images.values())), options)
        found = dict(zip(images, self._finder.read_images(list(images.values())), strict=True))
        told = (
            {place: one.vouched() for place, one in found.items()}
            if asked.single
            else {place: one for place, one in found.items() if one.is_digit}
        )
        whole = Box(0, 0, SIZE, SIZE)
        return {place: _tell(one, [[0]], asked, (SIZE, SIZE), whole) for place, one in told.items()}

    def read_regions(
        self, source: PictureLike, regions: Mapping[str, Box], **options: Unpack[Options]
    ) -> dict[str, Reading | ImageError]:
        """Reads named parts of one picture, which is decoded once.

        A part that is empty has no lines; one that is written on, but cannot be read, has ``?`` in them.

        Args:
            source: as for ``read``.
            regions: the parts by their names, in pixels of the upright picture.
            **options: as for ``read``, but no ``region``.

        Returns:
            By name a reading, of a source such as ``form.png#region=total``, or the error of a region that lies
            outside the picture or holds more than can be read.

        Raises:
            ImageError: the picture cannot be read.
            UsageError: as for ``read``.
            DataError: as for ``read``.
        """
        results = self.explain_regions(source, regions, **options)
        return {
            region: result.reading if isinstance(result, Explanation) else result
            for region, result in zip(regions, results, strict=True)
        }

    def explain(self, source: PictureLike, **options: Unpack[Options]) -> Explanation:
        """Reads one picture and keeps what each step saw; options and errors as for ``read``."""
        asked = self._check(source, options)
        picture = _load(source, asked.name)
        return self._look(picture, to_grey(picture), asked)

    def explain_regions(
        self, source: PictureLike, regions: Mapping[str, Box], **options: Unpack[Options]
    ) -> Iterator[Explanation | ImageError]:
        """Yields what each step saw of each region, or its error, in order; all else as for ``read_regions``."""
        if options.get("region") is not None:
            raise UsageError("found both region and regions, expected one of them")
        asked = self._check(source, options)
        picture = _load(source, asked.name)
        grey = to_grey(picture)
        boxes = {name: check_box(region) for name, region in regions.items()}
        for name, box in boxes.items():
            try:
                yield self._look(picture, grey, replace(asked, name=name_part(asked.name, name), region=box))
            except ImageError as error:
                yield error

    def _look(self, picture: PIL.Image.Image, grey: Grey, asked: "_Asked") -> Explanation:
        """Reads what is asked for of a picture that is decoded."""
        try:
            region = _within(asked.region, picture)
            found = self._finder.find(_cut(grey, region), single=asked.single)
        except MemoryError as error:
            raise ImageError("too_large", "needs more memory than there is; shrink it", asked.name) from error
        except ImageError as error:
            error.source = asked.name
            raise
        boxes = [Box(box.x + region.x, box.y + region.y, box.width, box.height) for box in found.boxes]
        found = replace(found, boxes=boxes)
        order = find_lines(found.lying)
        reading = _tell(found, order, asked, picture.size, region)
        images = found.images[[place for places in order for place in places]]
        return Explanation(reading, picture, grey, found.ink, images)

    def _check(self, source: PictureLike, options: Options) -> "_Asked":
        """The options, checked and completed with defaults, before a picture is decoded."""
        for option in options.keys() - Options.__annotations__.keys():
            raise unknown("option", option, Options.__annotations__)
        rules, least = build_rules(options.get("rules", ())), self._least(options)
        name = options.get("name")
        name = _name(source) if name is None else name
        region = options.get("region")
        return _Asked(name, options.get("single", False), None if region is None else check_box(region), rules, least)

    def _least(self, options: Options) -> float:
        """The least confidence that is asked for, or the models' own."""
        asked = options.get("min_confidence")
        if asked is None:
            return self._joining.threshold
        check_confidence(asked)
        return asked


def _together(sources: Iterable[PictureLike]) -> Iterator[list[PictureLike]]:
    """Yields what is read together: digit images that follow one another, or one picture of another kind."""
    for is_image, group in groupby(sources, _may_be_digit_image):
        while part := list(islice(group, BATCH if is_image else 1)):
            yield part


def _may_be_digit_image(source: PictureLike) -> TypeGuard[Grey]:
    return isinstance(source, np.ndarray) and source.dtype == np.uint8 and source.shape == (SIZE, SIZE)


def _is_one_picture(sources: object) -> bool:
    """Whether something is one picture; an array of several has one at each place of its first axis."""
    if isinstance(sources, str | bytes | bytearray | memoryview | os.PathLike | PIL.Image.Image) or is_open_file(
        sources
    ):
        return True
    shape: tuple[int, ...] = sources.shape if isinstance(sources, np.ndarray) else ()
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))


def _to_send(source: PictureLike) -> PictureLike:
    """A source as it is sent to another process: PIL images and open files may not be read yet, so they are loaded."""
    try:
        return load_picture(source) if isinstance(source, PIL.Image.Image) or is_open_file(source) else source
    except ImageError as error:
        return Unreadable(_name(source), error)


def _open_alone(model: Path, locator: Path, options: Options) -> Callable[[PictureLike], Reading | ImageError]:
    """What reads in a process that has one core."""
    return partial(Reader(model, locator=locator, threads=1)._try, options=options)


def read(
    source: PictureLike,
    *,
    model: str | os.PathLike[str] = DEFAULT,
    locator: str | os.PathLike[str] = LOCATOR,
    **options: Unpack[Options],
) -> Reading:
    """Reads one picture with models that stay open; arguments and errors as for ``Reader`` and ``Reader.read``."""
    paths = find_model(model), find_model(locator)
    reader = _open(*paths, tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths))
    return reader.read(source, **options)


@lru_cache(maxsize=4)
def _open(model: Path, locator: Path, _written_ns: tuple[int, ...]) -> Reader:
    """A reader that stays open until one of its files is written anew."""
    return Reader(model, locator=locator)


@dataclass(frozen=True)
class _Asked:
    """What is asked of one picture, or of one part of it; see ``Options``."""

    name: str
    single: bool
    region: Box | None
    rules: Rules
    least: float


def _load(source: PictureLike, name: str) -> PIL.Image.Image:
    """A picture, decoded; an error gets its name as the source."""
    try:
        return load_picture(source)
    except ImageError as error:
        error.source = name
        raise


def _tell(found: Found, order: Sequence[Sequence[int]], asked: "_Asked", size: tuple[int, int], region: Box) -> Reading:
    """What was found in a region of a picture of that width and height, line by line."""
    lines = tuple(build_line(found, places, asked.rules, asked.least, region) for places in order)
    return Reading(asked.name, *size, "\n".join(line.text for line in lines), lines)


def _digit_images(sources: Sequence[PictureLike]) -> dict[int, Grey]:
    """Those sources that are digit images, as arrays, by their places."""
    images = {place: source for place, source in enumerate(sources) if _may_be_digit_image(source)}
    if not images:
        return {}
    is_ready = are_digit_images(np.stack(list(images.values())))
    return {place: image for (place, image), ready in zip(images.items(), is_ready, strict=True) if ready}


def _name(source: PictureLike) -> str:
    if isinstance(source, str | os.PathLike):
        return str(Path(source)) if source else ""
    return "image" if isinstance(source, PIL.Image.Image | np.ndarray) else "bytes"


def _within(region: Box | None, picture: PIL.Image.Image) -> Box:
    """The part of a region that lies in a picture; without a region, all of the picture.

    Raises:
        ImageError: nothing does.
    """
    if region is None:
        return Box(0, 0, picture.width, picture.height)
    left, top = max(region.x, 0), max(region.y, 0)
    width = min(region.x + region.width, picture.width) - left
    height = min(region.y + region.height, picture.height) - top
    if min(width, height) < 1:
        asked = f"{region.x},{region.y},{region.width},{region.height}"
        size = f"{picture.width}x{picture.height}"
        raise ImageError("empty", f"found the region {asked}, expected one within {size} pixels; move it")
    return Box(left, top, width, height)


def _cut(grey: Grey, region: Box) -> Grey:
    return grey[region.y : region.y + region.height, region.x : region.x + region.width]
