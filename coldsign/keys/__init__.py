"""Secrets: mnemonics, BIP-32, the encrypted key file, the unlocked keyring."""
