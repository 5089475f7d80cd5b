"""Wallet files of other programs: each read into a descriptor by one path, and written back."""
