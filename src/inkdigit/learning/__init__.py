"""The PyTorch tower: models, recipes, the loop, export. It never imports ``reading``."""

from importlib.util import find_spec

from inkdigit.errors import missing_extra

if find_spec("torch") is None:
    raise missing_extra("learn", "PyTorch")
