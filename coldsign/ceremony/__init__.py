"""The signing walk itself, the same for a person and for a script."""
