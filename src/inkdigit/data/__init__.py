"""Files → uint8 (n, 28, 28) images and labels."""
