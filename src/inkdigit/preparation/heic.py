"""HEIC, as phones take their pictures, by libheif, which the extra ``heic`` installs.

libheif rotates a picture as its container says, and pillow-heif then sets the EXIF orientation, which says the same, to
upright: code that rotates by EXIF afterwards rotates nothing twice.
"""

import io

import PIL.Image

from inkdigit.errors import ImageError, missing_extra

BRANDS = (b"ftypheic", b"ftypheix", b"ftypheim", b"ftypheis", b"ftypmif1")
"""What stands at byte 4 of still pictures; sequences and AVIF have others."""


def open_heic(content: bytes) -> PIL.Image.Image:
    """A HEIC as an image that tells its size, and is decoded when it is loaded.

    Raises:
        ImageError: pillow-heif is missing, and with it this picture alone.
        SyntaxError: it is damaged.
    """
    try:
        from pillow_heif import HeifImageFile  # noqa: PLC0415 - slow, and an extra
    except ImportError:
        raise ImageError("unsupported_format", f"found HEIC, but {missing_extra('heic', 'pillow-heif')}") from None
    # not registered with Pillow: whoever imports us may have another
    return HeifImageFile(io.BytesIO(content))  # type: ignore[no-untyped-call]
