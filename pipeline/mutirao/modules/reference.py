"""The reference of findings: every code that mutirao can raise, once, for docs/reference/findings.md."""

from __future__ import annotations

from collections.abc import Iterator

from mutirao.modules.checks import ALL_CHECKS

FAMILIES = {
    "A": "Using a release",
    "B": "Builds",
    "C": "Configuration files",
    "D": "Datasets",
    "F": "Filter chains",
    "G": "Grids and layers",
    "I": "Prevalence rules",
    "L": "Releases and their gates",
    "M": "Modules: manifest and rasters",
    "N": "New modules",
    "P": "Running a module",
    "R": "Machine, network and storage",
    "S": "Submissions",
    "T": "Territories",
    "U": "Calling mutirao",
}
"""What a code's letter says."""

CODES = {
    "A101": "The release has no areas for these territories.",
    "A102": "The release has no such layer.",
    "A103": "The bounds lie outside the map.",
    "A104": "The release has no map of this year.",
    "A105": "Nothing is released yet.",
    "A106": "There is no such release.",
    "A107": "The legend has no such class or group.",
    "A108": "The text is no box of west, south, east, north.",
    "A109": "The release is no local folder.",
    "A110": "The text is no place.",
    "A111": "The release keeps no claims.",
    "B101": "There is no build of the collection.",
    "B102": "The module was not run since it was changed.",
    "B103": "A version is asked of a module that the collection does not have.",
    "B104": "The text does not name a module and a version.",
    "B107": "There is no such build.",
    "B105": "A submission lacks a year that its module announces.",
    "B106": "Rules leave pixels without a class, and the rule set refuses that.",
    "B108": "The build keeps no rules.",
    "B109": "A submission that the build read is gone, or is another.",
    "C101": "The file does not exist or cannot be read.",
    "C102": "The file is not YAML, or no mapping of keys to values.",
    "C103": "A key is written twice.",
    "C104": "A key is unknown.",
    "C105": "A key is missing.",
    "C106": "A value does not fit its key.",
    "C107": "The id is not the file's name.",
    "C108": "Aliases stand for far more than the file says, or for themselves.",
    "D101": "The file of a dataset cannot be read, or lacks what the dataset declares.",
    "D102": "The file of a dataset lies on another grid than the dataset declares.",
    "D103": "A module reads a dataset that it does not declare.",
    "D104": "A dataset is of another kind than is needed.",
    "D105": "A feature is neither a band nor an index of the bands.",
    "D106": "A dataset lies on another grid than the module.",
    "D201": "Values are no reflectance; the scale is wrong.",
    "F101": "A step of the chain names no class or group of the legend.",
    "F102": "A group stands where a single class is needed.",
    "F103": "The sides of a pattern do not have equally many places.",
    "F104": "'*' stands on the right side of a pattern.",
    "G101": "A place lies outside the grid.",
    "G102": "A layer does not lie on the collection's grid.",
    "G103": "A layer does not hold integers.",
    "G104": "A layer for comparison, or its block, does not lie on the collection's grid.",
    "I101": "A rule names no module or layer of the collection.",
    "I102": "A rule names no class or group of the legend, or several where one is needed.",
    "I103": "A rule names a value that the layer does not have.",
    "I104": "A list or group in a rule is empty.",
    "I105": "A mosaic names no layer, value or module that there is, or one of them twice.",
    "I106": "A rule set belongs to no collection and states no vocabulary.",
    "I201": "A rule can never fire.",
    "I202": "No pixel reaches an exception.",
    "I203": "An exception changes no class.",
    "I204": "A value in a list changes no class.",
    "I205": "A rule changes no class.",
    "I206": "A claim reaches no rule.",
    "I207": "A rule's id is used twice.",
    "I208": "A rule has no id.",
    "I209": "A rule asks a module for a class that it may not claim.",
    "I210": "A layer is declared and never used.",
    "I211": "A module or mosaic is declared and never used.",
    "I212": "Two rules ask for the same pixels.",
    "I213": "Rules are too entangled to decide a question about them.",
    "I214": "A claim reaches no rule where a layer has none of its named values.",
    "L101": "Rules leave more area without a class than the gate allows.",
    "L102": "Agreement with a comparison is below the gate.",
    "L103": "The version of a release exists with other pixels.",
    "L104": "A later version is already out.",
    "L105": "A comparison names a class or year that the collection does not have.",
    "M206": "No file is there.",
    "N101": "The module's folder exists.",
    "N102": "The name is no name for a module.",
    "N103": "There is no template for this kind or method.",
    "P101": "module.py does not exist or cannot be imported.",
    "P102": "module.py has no function classify.",
    "P103": "The function classify failed or returned something else than a uint8 tile.",
    "P104": "The method is not available in this version.",
    "P201": "The file of sample points cannot be read, or lacks a column.",
    "P202": "A sample point's place, date or label is wrong.",
    "P203": "A class has no training pixels.",
    "P204": "There are fewer blocks of samples than folds.",
    "R101": "A package cannot be fetched from the package index.",
    "R102": "A package's bytes are not those that the dataset pins.",
    "R103": "A file of a dataset does not exist.",
    "R104": "A partner's script failed.",
    "R201": "A file or address cannot be read.",
    "R202": "The port cannot be used.",
    "R203": "A record is damaged, or another version of mutirao wrote it.",
    "R204": "The operating system refused to read or write.",
    "S101": "The version exists with other pixels.",
    "S102": "A file's name leads out of its folder.",
    "S103": "A file is a link.",
    "S104": "Bytes, pixels, tiles, check report or receipt are not those that were submitted.",
    "S105": "A file of a submission is missing, truncated or cannot be decoded.",
    "S106": "Two names differ only in upper and lower case.",
    "S107": "There is no such submission.",
    "S108": "A submission cannot be stored.",
    "S109": "A submission lies on another grid than the collection.",
    "T101": "The file of territories cannot be read.",
    "T102": "The territories lack an attribute.",
    "T103": "An identifier of a territory is used twice.",
    "T104": "The file of territories names no CRS.",
    "U101": "There is no such module.",
    "U102": "There is no project here.",
    "U103": "A delivered module has nothing to run.",
    "U104": "The year is none of the module's.",
    "U105": "There is no such collection, or several to choose from.",
    "U106": "The text is no version.",
    "U107": "A rule set belongs to no collection and states no vocabulary.",
}
"""One line for each code that is not a check's."""

_ADVICE = {"I202", "I203", "I204", "I205", "I210", "I211", "I212", "I213", "I214"}
"""Codes of `CODES` that only tell."""

_HEAD = """# Reference of findings

Every finding has a stable code. *block* refuses the work, *advise* only tells. The text of a finding says what is
wrong, where, with which value, and what to do about it; this page lists what can be said. It is generated from the
code.
"""


def findings_reference() -> str:
    """Return docs/reference/findings.md: one section a family, one line a code."""
    return _HEAD + "".join(_family(letter, title) for letter, title in sorted(FAMILIES.items()))


def _family(letter: str, title: str) -> str:
    rows = sorted(row for row in _rows() if row[0].startswith(letter))
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"\n## {letter}: {title}\n\n| code | title | severity | remedy |\n|---|---|---|---|\n{lines}\n"


def _rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield code, title, severity and remedy; the remedy of a code that is no check stands in each finding."""
    for check in ALL_CHECKS:
        yield check.code, f"{check.title()}.", check.severity, f"{check.remedy}."
    for code, title in CODES.items():
        yield code, title, "advise" if code in _ADVICE else "block", ""
