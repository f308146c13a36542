"""`python -m mutirao` is the command `mutirao`."""

from __future__ import annotations

from mutirao.cli import main

main()
