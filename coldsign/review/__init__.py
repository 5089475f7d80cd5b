"""Where a PSBT meets a wallet: claims become proven facts, findings and a report."""
