"""A picture → uint8 (k, 28, 28) digit images: no model, no torch."""
