"""Uniform Resources, BCR-2020-005 (version 2) and the older version 1."""
