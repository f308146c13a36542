"""Which steps of a chain meet in a pixel: by the layers that their `where` asks, nothing else tells pixels apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from mutirao.filters.lint.model import Modelled
from mutirao.filters.lint.proof import UndecidedError

MOST = 512
"""Combinations of layer values that a linter looks at."""


@dataclass(frozen=True, slots=True)
class World:
    """Pixels in which the same steps may write."""

    active: tuple[bool, ...]
    """By step."""
    named: bool
    """Whether each layer that names its values has one of them here."""
    layers: Mapping[str, int | None]
    """A value of each layer; None is one that has no name and that no step asks for."""


def worlds_of(steps: Sequence[Modelled], names: Mapping[str, Mapping[str, int]]) -> tuple[World, ...]:
    """Return the combinations of steps that can meet, those where all values have a name first.

    Parameters
    ----------
    names : names of values by layer.

    Raises
    ------
    UndecidedError
        There are too many combinations.
    """
    layers = sorted({layer for step in steps if step.ready for layer in step.ready.scope.layers})
    choices = [_kinds(steps, layer, names.get(layer, {})) for layer in layers]
    if np.prod([len(each) for each in choices], dtype=float) > MOST:
        raise UndecidedError
    found: dict[tuple[bool, ...], World] = {}
    for values in product(*choices):
        here = dict(zip(layers, values, strict=True))
        active = tuple(_is_active(step, here) for step in steps)
        world = World(active, all(_is_named(names.get(layer, {}), value) for layer, value in here.items()), here)
        if active not in found or (world.named and not found[active].named):
            found[active] = world
    return tuple(sorted(found.values(), key=lambda world: not world.named))


def _kinds(steps: Sequence[Modelled], layer: str, names: Mapping[str, int]) -> list[int | None]:
    """Return one value of each kind that the steps can tell apart, one with a name where there is one."""
    kinds: dict[tuple[bool, ...], int | None] = {}
    for value in (*names.values(), *sorted(_mentioned(steps, layer)), None):
        kinds.setdefault(tuple(_is_active(step, {layer: value}) for step in steps), value)
    unnamed = [None] if names and None not in kinds.values() else []
    return [*kinds.values(), *unnamed]


def _mentioned(steps: Sequence[Modelled], layer: str) -> Iterator[int]:
    for step in steps:
        for name, wanted, _ in step.ready.scope.conditions if step.ready else ():
            if name == layer and isinstance(wanted, frozenset):
                yield from wanted
            elif name == layer:
                yield from (bound + near for bound in wanted if bound is not None for near in (-1, 0, 1))


def _is_active(step: Modelled, here: Mapping[str, int | None]) -> bool:
    """Return whether all conditions of a step on the layers in `here` hold."""
    if step.ready is None:
        return True
    asked = ((wanted, meant, here[name]) for name, wanted, meant in step.ready.scope.conditions if name in here)
    return all(_holds(value, wanted) == meant for wanted, meant, value in asked)


def _holds(value: int | None, wanted: frozenset[int] | tuple[int | None, int | None]) -> bool:
    if value is None:
        return False
    if isinstance(wanted, frozenset):
        return value in wanted
    low, high = wanted
    return (low is None or value >= low) and (high is None or value <= high)


def _is_named(names: Mapping[str, int], value: int | None) -> bool:
    return not names or value in names.values()
