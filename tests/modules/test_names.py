"""Which names of files may be handed in: what a person types may begin with `..`; nothing else may lead elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutirao.errors import QualityError
from mutirao.io.places import place
from mutirao.modules.incoming import list_files
from mutirao.modules.names import refuse_names, refuse_typed


@pytest.fixture
def exports(tmp_path, monkeypatch) -> Path:
    """A folder of files beside the working folder."""
    for name in ("exports/M-2020.tif", "exports/north/M-2021.tif", "here/file.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "exports"


def hand_in(typed: str) -> list[str]:
    """Return the names that a text leads to, as `receive` finds them."""
    refuse_typed(place(typed))
    paths = list_files(typed)
    refuse_names(paths, Path(typed))
    return [path.as_posix() for path in paths]


def refused(typed: str) -> list[tuple[str, str]]:
    with pytest.raises(QualityError) as error:
        hand_in(typed)
    return [(finding.code, finding.where) for finding in error.value.findings]


def test_what_is_typed_may_begin_with_dots(exports):
    assert hand_in("../exports") == ["../exports/M-2020.tif"]
    assert hand_in("../exports/") == ["../exports/M-2020.tif"]
    assert hand_in("../exports/*.tif") == ["../exports/M-2020.tif"]
    assert hand_in("../exports/*/M-*.tif") == ["../exports/north/M-2021.tif"]
    folder = f"../../{exports.parent.name}/exports"
    assert hand_in(f"{folder}/*.tif") == [f"{folder}/M-2020.tif"]
    assert hand_in("./../exports") == ["../exports/M-2020.tif"]


@pytest.mark.parametrize(
    "typed",
    ["../exports/../exports", "../exports/*/../*.tif", "exports/..", "s3://bucket/maps/../other", "s3://bucket/../x"],
)
def test_dots_further_on_are_refused(exports, typed):
    assert refused(typed) == [("S102", typed)]


def test_dots_in_an_absolute_path_are_refused(exports):
    assert refused(f"{exports}/../exports") == [("S102", f"{exports}/../exports")]


def test_dots_in_a_list_are_refused_even_at_its_beginning(exports):
    with pytest.raises(QualityError) as error:
        refuse_names([Path("../exports/M-2020.tif")])
    assert [finding.code for finding in error.value.findings] == ["S102"]


def test_a_folder_that_is_a_link_is_refused(exports):
    Path("link").symlink_to(exports)
    for typed in ("link", "link/", "link/*.tif", "link/M-2020.tif", "link/north/*.tif"):
        assert refused(typed) == [("S103", "link")]
    assert refused(f"{Path.cwd()}/link/") == [("S103", f"{Path.cwd()}/link")]
    assert refused(f"{Path.cwd()}/link/*.tif") == [("S103", f"{Path.cwd()}/link")]


def test_a_link_on_the_way_inside_the_exports_is_refused(exports):
    (exports / "south").symlink_to(exports / "north")
    assert refused("../exports/*/*.tif") == [("S103", "../exports/south")]
    assert refused(f"{exports}/*/*.tif") == [("S103", f"{exports}/south")]
    assert refused("../exports/south") == [("S103", "../exports/south")]


def test_a_link_to_a_file_is_refused_and_says_what_to_hand_in(exports):
    (exports / "M-2022.tif").symlink_to(exports / "M-2020.tif")
    with pytest.raises(QualityError) as error:
        hand_in("../exports")
    (finding,) = error.value.findings
    assert (finding.code, finding.where) == ("S103", "../exports/M-2022.tif")
    assert finding.remedy == f"hand in the file itself, {exports.resolve()}/M-2020.tif, if it is yours"


def test_a_link_above_the_folder_that_is_named_is_the_machines_affair(exports, tmp_path):
    (tmp_path / "data").symlink_to(tmp_path)
    assert hand_in(f"{tmp_path}/data/exports") == [f"{tmp_path}/data/exports/M-2020.tif"]


def test_files_of_a_list_may_not_lie_in_a_linked_folder(exports):
    Path("link").symlink_to(exports)
    with pytest.raises(QualityError) as error:
        refuse_names([Path("link/M-2020.tif"), Path("link/north/M-2021.tif")])
    assert [(finding.code, finding.where) for finding in error.value.findings] == [("S103", "link")]
