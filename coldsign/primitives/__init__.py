"""Bytes and curves: the only floor that touches third-party Bitcoin libraries."""
