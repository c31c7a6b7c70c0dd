"""How costly a JPEG is, told from its markers, before it is decoded."""

import re

MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
"""The next marker: within a scan, a byte of 255 is followed by 0, and RST marks part it."""

SOI, EOI, SOS, TEM = 0xD8, 0xD9, 0xDA, 0x01

MAX_SEGMENTS = 10_000
"""An ordinary file has some dozens, with a large profile hundreds."""


def count_scans(content: bytes, most: int) -> int:
    """How many passes over the pixels a JPEG has, up to one more than ``most``; too many segments count as too many.

    What follows the end of the picture is not looked at, as decoders do not: phones append videos.
    """
    scans, at = 0, 0
    for _ in range(MAX_SEGMENTS):
        found = MARKER.search(content, at)
        if found is None or found[1][0] == EOI or scans > most:
            return scans
        scans += found[1][0] == SOS
        at = found.end()
        if found[1][0] not in (SOI, TEM):  # which have no segment
            at += int.from_bytes(content[at : at + 2])
    return most + 1
