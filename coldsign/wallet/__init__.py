"""Descriptors, registration and addresses: which scripts are ours; it knows no PSBT."""
