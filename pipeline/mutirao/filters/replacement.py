"""What small patches become: kernels on one map whose small patches are marked."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from mutirao.filters.labels import CORNERS, EDGES, run_at

LARGE, SMALL, DONE = 0, 1, 2
"""States of a pixel; nodata counts as large here and is told apart by its code."""
_STEPS = np.array(EDGES + CORNERS)


class Ballot(NamedTuple):
    """Scores of classes; empty between two ballots."""

    score: np.ndarray
    """(256,) int64"""
    met: np.ndarray
    """(256,) uint8, classes with a score, in the order in which they were met."""


def ballot() -> Ballot:
    """Return an empty ballot."""
    return Ballot(np.zeros(256, np.int64), np.zeros(256, np.uint8))


@numba.njit(nogil=True, cache=True)
def mark_small(classes, runs, smallest, state):  # type: ignore[no-untyped-def]
    """Write into `state` (y, x) uint8 whether each pixel lies in a small patch."""
    for y in range(len(classes)):
        state[y, :] = LARGE
        for i in range(runs.first[y], runs.first[y + 1] - 1):
            head = runs.parent[i]
            if head != 0 and runs.size[head] < smallest[classes[y, runs.start[i]]]:
                state[y, runs.start[i] : runs.start[i + 1]] = SMALL


@numba.njit(nogil=True, cache=True)
def replace_patches(classes, runs, state, queue, votes, scope, protected, eight, by_size, cap):  # type: ignore[no-untyped-def]
    """Give every small patch, in place, the class that scores most among the large patches around it.

    Parameters
    ----------
    queue : (pixel, 2) int32, room for the pixels of a small patch.
    votes : an empty ballot.
    by_size : whether a class scores the size, up to `cap`, of its largest patch that touches the small one, at a corner
        too if `eight`; else the edges that its patches share with the small one.
    """
    for y in range(len(classes)):
        for i in range(runs.first[y], runs.first[y + 1] - 1):
            x = runs.start[i]
            if runs.parent[i] == i and state[y, x] == SMALL and not protected[classes[y, x]]:
                size = _flood(classes, state, queue, y, x, eight)
                met = _ask_border(classes, runs, state, queue[:size], votes, eight, by_size, cap)
                code = _winner(votes, met)
                for k in range(size if code > 0 else 0):
                    if scope[queue[k, 0], queue[k, 1]]:
                        classes[queue[k, 0], queue[k, 1]] = code


@numba.njit(nogil=True, cache=True)
def _flood(classes, state, queue, y, x, eight):  # type: ignore[no-untyped-def]
    """Put the pixels of a small patch at the head of the queue; return how many they are."""
    rows, columns = classes.shape
    code = classes[y, x]
    queue[0, 0], queue[0, 1] = y, x
    state[y, x] = DONE
    head, size = 0, 1
    while head < size:
        for step in range(8 if eight else 4):
            near_y, near_x = queue[head, 0] + _STEPS[step, 0], queue[head, 1] + _STEPS[step, 1]
            if not (0 <= near_y < rows and 0 <= near_x < columns):
                continue
            if state[near_y, near_x] == SMALL and classes[near_y, near_x] == code:
                state[near_y, near_x] = DONE
                queue[size, 0], queue[size, 1] = near_y, near_x
                size += 1
        head += 1
    return size


@numba.njit(nogil=True, cache=True)
def _ask_border(classes, runs, state, patch, votes, eight, by_size, cap):  # type: ignore[no-untyped-def]
    """Score the large patches around a patch; return how many classes were met."""
    rows, columns = classes.shape
    met = 0
    for k in range(len(patch)):
        for step in range(8 if eight and by_size else 4):
            y, x = patch[k, 0] + _STEPS[step, 0], patch[k, 1] + _STEPS[step, 1]
            if not (0 <= y < rows and 0 <= x < columns) or state[y, x] != LARGE or classes[y, x] == 0:
                continue
            code = classes[y, x]
            met = _meet(votes, met, code)
            if by_size:
                size = min(runs.size[runs.parent[run_at(y, x, runs)]], cap)
                votes.score[code] = max(votes.score[code], size)
            else:
                votes.score[code] += 1
    return met


@numba.njit(nogil=True, cache=True)
def replace_by_mode(classes, read, runs, state, votes, scope, protected, radius, only_large):  # type: ignore[no-untyped-def]
    """Give every pixel of a small patch, in place, the most frequent class of the square around it.

    Parameters
    ----------
    read : (y, x) uint8, the map as it was before.
    votes : an empty ballot.
    only_large : whether pixels of small patches have no vote.
    """
    for y in range(len(classes)):
        for i in range(runs.first[y], runs.first[y + 1] - 1):
            begin, end = runs.start[i], runs.start[i + 1]
            if state[y, begin] == SMALL and not protected[read[y, begin]]:
                for x in range(begin, end):
                    code = _mode(read, state, votes, y, x, radius, only_large) if scope[y, x] else 0
                    classes[y, x] = code if code > 0 else classes[y, x]


@numba.njit(nogil=True, cache=True)
def _mode(read, state, votes, y, x, radius, only_large):  # type: ignore[no-untyped-def]
    """Return the most frequent class of a square; 0 if nobody votes."""
    rows, columns = read.shape
    met = 0
    for near_y in range(max(y - radius, 0), min(y + radius + 1, rows)):
        for near_x in range(max(x - radius, 0), min(x + radius + 1, columns)):
            code = read[near_y, near_x]
            if code != 0 and not (only_large and state[near_y, near_x] != LARGE):
                met = _meet(votes, met, code)
                votes.score[code] += 1
    return _winner(votes, met)


@numba.njit(nogil=True, cache=True)
def _meet(votes, met, code):  # type: ignore[no-untyped-def]
    """Note a class that has no score yet; return how many have one."""
    if votes.score[code] == 0:
        votes.met[met] = code
        return met + 1
    return met


@numba.njit(nogil=True, cache=True)
def _winner(votes, met):  # type: ignore[no-untyped-def]
    """Empty the ballot; return the class with the highest score, the smallest of equals, 0 if there is none."""
    best, score = 0, 0
    for k in range(met):
        code = votes.met[k]
        if votes.score[code] > score or (votes.score[code] == score and code < best):
            best, score = code, votes.score[code]
        votes.score[code] = 0
    return best
