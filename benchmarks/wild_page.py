"""One self-contained page of the pictures that were misread, to look at: strangers' pictures, so it stays private."""

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
from benchmarks.readers import Answer, Answers
from benchmarks.wild_scores import Picture

from inkdigit.errors import ImageError
from inkdigit.preparation.load import load_picture

WIDEST = 320

STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 1rem; color: #1c1c1c; background: #fff }
section { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1rem }
figure { margin: 0; padding: .5rem; border: 1px solid #ccc }
img { max-width: 100%; max-height: 14rem; background: #eee }
td { padding: 0 .5rem; white-space: pre-line; font-variant-numeric: tabular-nums } .wrong { color: #b00 }
"""


@dataclass(frozen=True)
class Section:
    """A task's part of the page.

    Attributes:
        title: of its pictures.
        folder: where they are.
        pictures: all of them.
        answers: of each entrant, in their order.
        is_right: whether an answer is what a picture says.
    """

    title: str
    folder: Path
    pictures: Sequence[Picture]
    answers: Mapping[str, Answers]
    is_right: Callable[[Picture, Answer], bool]

    def misread_by(self, index: int) -> list[str]:
        """The entrants that are wrong about a picture."""
        picture = self.pictures[index]
        return [name for name, got in self.answers.items() if not self.is_right(picture, got.answers[index])]


def write_page(path: Path, sections: Sequence[Section]) -> None:
    """Writes every picture that some entrant misread, task by task, those that inkdigit misread first."""
    parts = [f'<!doctype html><html lang="en"><meta charset="utf-8"><title>misread</title><style>{STYLE}</style>']
    for section in sections:
        misread = {index: section.misread_by(index) for index in range(len(section.pictures))}
        own = [index for index, names in misread.items() if any(name.startswith("inkdigit") for name in names)]
        others = [index for index, names in misread.items() if names and index not in own]
        for whose, some in (("by inkdigit", own), ("by others alone", others)):
            heading = f"{section.title}: {len(some)} of {len(section.pictures)} misread {whose}"
            figures = "".join(_figure(section, index, misread[index]) for index in some)
            parts.append(f"<h2>{html.escape(heading)}</h2><section>{figures}</section>")
    path.write_text("".join(parts), encoding="utf-8")


def _figure(section: Section, index: int, wrong: Sequence[str]) -> str:
    picture = section.pictures[index]
    given = {name: got.answers[index] for name, got in section.answers.items()}
    rows = "".join(
        f"<tr{' class=wrong' if name in wrong else ''}><td>{html.escape(name)}<td>"
        f"{html.escape(answer.text.strip()) or '–'}<td>{100 * answer.confidence:.0f} %"
        for name, answer in given.items()
    )
    caption = html.escape(f"{picture.file}: {picture.label}  ({picture.kind}; {picture.notes})")
    image = _image(section.folder / picture.file)
    return f"<figure>{image}<figcaption>{caption}</figcaption><table>{rows}</table></figure>"


def _image(path: Path) -> str:
    """The picture, small, within the page."""
    try:
        picture = load_picture(path)
    except ImageError as error:
        return html.escape(str(error))
    picture.thumbnail((WIDEST, WIDEST), PIL.Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=80)
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}">'
