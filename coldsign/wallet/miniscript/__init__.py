"""Miniscript (BIP-379): its tree, its text, its types, its limits and the script it stands for."""
