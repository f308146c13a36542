"""The linter of chains: parts of steps without effect, and steps that would change a series again."""

from mutirao.filters.lint.linter import lint

__all__ = ["lint"]
