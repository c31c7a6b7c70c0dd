"""What a client may ask for in a query: the options of ``inkdigit read``, but never the name of a file."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator
from starlette.requests import Request

from inkdigit.errors import UsageError, unknown
from inkdigit.serving.frames import Head

MAX_NUMBERS = 1000
"""Of ``among``: a longer list does not fit into a query."""

Number = Annotated[str, Field(pattern="^[0-9]{1,32}$")]


class ReadQuery(BaseModel):
    """Options of a reading; all may be left out."""

    model: Annotated[str | None, Field(max_length=64, description="One of `GET /models`; else the first.")] = None
    single: Annotated[
        bool, Field(description="The picture, or the region, holds one digit: tell it alone, and seldom `?`.")
    ] = False
    region: Annotated[
        str | None,
        Field(
            pattern=r"^-?[0-9]{1,9},-?[0-9]{1,9},[0-9]{1,9},[0-9]{1,9}$",
            description="x,y,width,height: read this part alone, in pixels of the upright picture.",
            examples=["90,40,420,160"],
        ),
    ] = None
    min_confidence: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="A digit less sure than this is `?`; at 0 none is, but by a rule. Else the model's own.",
        ),
    ] = None
    length: Annotated[
        str | None,
        Field(pattern="^[0-9]{1,4}(-[0-9]{1,4})?$", description="As many digits a line, or from N-M.", examples=["4"]),
    ] = None
    pattern: Annotated[
        str | None,
        Field(max_length=256, description=r"What a whole line matches: digits, \d, ., [0-9], (a|b), *, +, ?, {n,m}."),
    ] = None
    among: Annotated[
        list[Number], Field(max_length=MAX_NUMBERS, description="A line is one of these numbers; repeat it for each.")
    ] = []
    check: Annotated[
        str | None, Field(max_length=16, description="A line ends in this check digit: luhn, isbn10, isbn13 or ean13.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refuses an unknown option, suggesting the nearest one that this route takes."""
        for name in given:
            if name not in cls.model_fields:
                raise unknown("option", name[:64], cls.model_fields)
        return given

    def to_head(self, job: str, model: str, name: str) -> Head:
        """The job of reading a picture of that name."""
        return {**self.model_dump(), "job": job, "name": name, "model": model}


class ExplainQuery(ReadQuery):
    """Options of a reading, and one of its digits."""

    digit: Annotated[
        int | None, Field(ge=0, le=9999, description="Which digit's feature maps are wanted, line by line from 0.")
    ] = None


async def check_repeats(request: Request) -> None:
    """Refuses an option that is given twice, since one value would be silently ignored; ``among`` may be repeated.

    Raises:
        UsageError: there is one.
    """
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if times > 1 and name != "among":
            raise UsageError(f"found {name[:64]!r} {times} times, expected it once; leave out the others")
