"""Pictures of what was measured, as files; matplotlib comes with the extra ``learn``."""
