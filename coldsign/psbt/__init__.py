"""The PSBT codec (BIPs 174, 370, 371, 373): raw maps, typed fields, the same bytes again."""
