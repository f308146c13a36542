"""How work runs: plan, tiles, ledger, progress."""
