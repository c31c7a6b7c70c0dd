"""The reading tower: a picture → digits with box, confidence and refusal, without torch."""
