"""Offline cold-storage signing for multisig custodians."""

__version__ = "0.1.0"
