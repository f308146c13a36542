"""The rules of the quality scale as data: configs/quality.yaml, or the default that mutirao ships."""

from __future__ import annotations

from collections import Counter
from importlib.resources import as_file, files
from typing import Literal, get_args

from pydantic import Field, model_validator

from mutirao.collection import Level
from mutirao.io import configs
from mutirao.io.configs import Source
from mutirao.model import Frozen, Id
from mutirao.project import Project

LEVELS: tuple[Level, ...] = get_args(Level)
"""From the lowest to the highest."""
FILE = "configs/quality.yaml"
"""Where a network keeps a scale of its own."""
DEFAULT = "default.yaml"
Measure = Literal[
    "blocking_findings",
    "findings",
    "years_delivered",
    "maintainers",
    "method_page_words",
    "citation",
    "own_agreement",
    "accuracy",
    "accuracy_sample",
    "accuracy_independent",
    "accuracy_signed",
    "waivers",
    "signed",
    "reviewed",
    "rebuilt",
    "rebuilt_signed",
]
"""What a rule may look at; see `measures.MEASURES` for what each is."""
LATER: frozenset[Measure] = frozenset({"accuracy_signed", "reviewed", "rebuilt", "rebuilt_signed"})
"""Measures of what nobody can have done before a submission is in."""
Code = str


class Rule(Frozen):
    """One rule of the scale: a measure and its threshold."""

    id: Id = Field(description="Name of the rule, for waivers and reports.")
    level: Level = Field(description="Lowest level that needs it; higher ones need it too.")
    title: str = Field(min_length=1, description="What is asked, as a sentence for people.")
    remedy: str = Field(min_length=1, description="What to do where it is not met; MODULE is the module's name.")
    measure: Measure = Field(description="What it looks at.")
    codes: tuple[Code, ...] = Field(
        default=(), description="For 'findings': codes of checks, or their beginnings such as M6."
    )
    at_least: float | None = Field(default=None, description="Smallest value that meets the rule.")
    at_most: float | None = Field(default=None, description="Largest value that meets the rule.")
    waivable: bool = Field(default=True, description="Whether a waiver may excuse it.")
    ratchet: bool = Field(
        default=True,
        description="Whether a new version must meet it where the one before did; not for what only comes later.",
    )

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Rule:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"rule '{self.id}' needs one of at_least and at_most")
        if bool(self.codes) != (self.measure == "findings"):
            raise ValueError(f"rule '{self.id}': 'codes' belongs to the measure 'findings', and to no other")
        if self.ratchet and self.measure in LATER:
            raise ValueError(f"rule '{self.id}': '{self.measure}' comes after a submission: write 'ratchet: false'")
        return self

    def cure(self, module: str) -> str:
        """Return what to do for a module that does not meet it: its name stands for MODULE."""
        return self.remedy.replace("MODULE", module)

    def meets(self, value: float) -> bool:
        """Return whether a value is within the threshold, the threshold included."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most


class WaiverLimits(Frozen):
    """What waivers may do."""

    longest_days: int = Field(default=366, ge=1, description="Days from today after which no waiver may end.")
    blocking: tuple[Code, ...] = Field(
        default=(), description="Codes of blocking checks that may be waived; advice may always be."
    )


class Scale(Frozen):
    """The quality scale of a network: configs/quality.yaml."""

    waivers: WaiverLimits = Field(default=WaiverLimits(), description="What waivers may do.")
    rules: tuple[Rule, ...] = Field(min_length=1, description="In the order in which they are shown.")

    @model_validator(mode="after")
    def _names_each_rule_once(self) -> Scale:
        twice = [name for name, times in Counter(rule.id for rule in self.rules).items() if times > 1]
        if twice:
            raise ValueError(f"two rules have the name {', '.join(twice)}")
        return self

    def up_to(self, level: Level) -> tuple[Rule, ...]:
        """Return the rules that a level needs: its own and those of the lower ones."""
        return tuple(rule for rule in self.rules if LEVELS.index(rule.level) <= LEVELS.index(level))


def load_scale(project: Project) -> Source[Scale]:
    """Read the network's scale, or the default if it has none.

    Raises
    ------
    ConfigError
        C102 to C106: configs/quality.yaml is wrong.
    """
    path = project.root / FILE
    return configs.load(path, Scale) if path.is_file() else default_scale()


def default_scale() -> Source[Scale]:
    """Read the scale that mutirao ships."""
    with as_file(files("mutirao.modules.quality") / DEFAULT) as path:
        return configs.load(path, Scale)


def default_text() -> str:
    """Return the scale that mutirao ships as it is written, for the documents."""
    return (files("mutirao.modules.quality") / DEFAULT).read_text(encoding="utf-8")
