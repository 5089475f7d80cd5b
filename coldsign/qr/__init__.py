"""QR frames and payload bytes, in every dialect; it knows nothing of Bitcoin."""
