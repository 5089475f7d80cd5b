"""Digests, signatures, and the verification of what was signed."""
