"""CODEOWNERS and the table of modules say what the manifests say."""

from __future__ import annotations

import pytest
from tests.modules.conftest import MANIFEST

from mutirao.modules.manifest import Manifest
from mutirao.modules.ownership import BEGIN, END, codeowners, handles, module_table


def manifest(*contacts: str, **changes: object) -> Manifest:
    people = [{"name": f"Person {number}", "contact": text} for number, text in enumerate(contacts)]
    return Manifest.model_validate(MANIFEST | {"maintainers": people} | changes)


@pytest.mark.parametrize(
    ("contact", "found"),
    [
        ("@ana", ["@ana"]),
        ("ana@example.org", []),
        ("ana@example.org, @ana-reis", ["@ana-reis"]),
        ("@institute/mapping.", ["@institute/mapping"]),
        ("https://orcid.org/0000-0002-1825-0097", []),
        ("(@a, @b)", ["@a", "@b"]),
        ("", []),
    ],
)
def test_handles_are_no_addresses(contact, found):
    assert handles(manifest(contact)) == found


def test_a_person_in_two_places_owns_once():
    assert handles(manifest("@ana", "@ana @rui")) == ["@ana", "@rui"]


def test_owners_have_a_line_for_each_module():
    text = codeowners([manifest("@ana", "@rui"), manifest("ana@example.org", id="water")])
    assert text == (
        f"{BEGIN}\n/contributors/meadows/ @ana @rui\n"
        f"# /contributors/water/ has no owner: no contact in its manifest is a forge handle\n{END}\n"
    )


def test_what_people_wrote_around_the_modules_stays():
    own = "* @everybody\n"
    first = codeowners([manifest("@ana")], own)
    assert first == f"* @everybody\n\n{BEGIN}\n/contributors/meadows/ @ana\n{END}\n"
    then = codeowners([manifest("@rui")], f"{first}/docs/ @writers\n")
    assert then == f"* @everybody\n\n{BEGIN}\n/contributors/meadows/ @rui\n{END}\n/docs/ @writers\n"
    assert codeowners([manifest("@rui")], then) == then


def test_the_table_has_a_line_for_each_module():
    line = module_table([manifest("@ana", organisation="Meadow | Field")]).splitlines()[-1]
    assert line == (
        r"| [meadows](../contributors/meadows/README.md) | Meadow \| Field | Person 0 (@ana) | "
        "Meadows: Forest and pasture. | region | delivered | 2020 to 2022 | CC-BY-4.0 | active |"
    )
