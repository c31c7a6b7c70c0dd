"""The PyTorch tower: models, recipes, the loop, export. It never imports ``reading``."""
