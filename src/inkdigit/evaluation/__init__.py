"""Any classifier and a dataset → numbers and pictures, without torch."""
