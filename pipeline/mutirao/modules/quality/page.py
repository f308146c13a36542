"""docs/quality.md: the scale that mutirao ships, for people."""

from __future__ import annotations

from mutirao.modules.quality.scale import FILE, LEVELS, Rule, default_scale, default_text

_HEAD = """# Quality scale

Quality is computed, never declared. A submission is judged by rules, each with a level; a level needs all of its rules
and those of the lower ones. What is not known is not met: an accuracy that nobody has assessed counts as none. This
page is made from the scale that mutirao ships by `mutirao sync`.

`mutirao quality` tells the level of each module's newest submission, what every rule found and what the next level
lacks; `mutirao status` shows all modules at once. The level on the day of the submission is kept in its receipt.
"""
_MORE = f"""
*Waivable*: a [waiver](member.md#waivers) may excuse the rule. *Ratchet*: a new version must meet the rule if the one
before did and its level needed it, or else it is refused (Q201); rules without it are about what only comes after a
submission.

*Signed*: in a network with [trust](trust.md), the accuracy of a submission and a run from its sources are signed too,
by people whom the policy names: `mutirao assess MODULE VERSION --key KEY`, and `mutirao quality MODULE --rebuild --key
KEY`. Without a signature they count for the rules `accuracy` and `rebuilt`, not for `accuracy-signed` and
`rebuilt-signed`; a network may ask for those at a lower level in a scale of its own. An entry of `accuracy.yaml` that
is changed must be signed again. An accuracy that is signed only by organisations which made the map is not independent.

## Another scale

A network that wants other rules writes them to `{FILE}`; the schema is `configs/schemas/quality.schema.json`. The scale
that counts without that file, to begin with:

```yaml
"""
_NOTE = """```

Measures that this scale does not use: `own_agreement`, the smallest agreement that the module's own run reports (no
probability sample stands behind it, and rasters that were delivered have none).
"""


def quality_page() -> str:
    """Return the page as Markdown."""
    rules = default_scale().value.rules
    sections = (_section(level, [rule for rule in rules if rule.level == level]) for level in LEVELS)
    return _HEAD + "".join(sections) + _MORE + default_text() + _NOTE


def _section(level: str, rules: list[Rule]) -> str:
    rows = "".join(
        f"| `{rule.id}` | {rule.title} | {rule.remedy}. | {_yes(rule.waivable)} | {_yes(rule.ratchet)} |\n"
        for rule in rules
    )
    return f"\n## {level.capitalize()}\n\n| rule | asks | remedy | waivable | ratchet |\n|---|---|---|---|---|\n{rows}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
