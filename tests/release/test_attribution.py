"""Whom the map page names is whom the manifests of its modules name."""

from __future__ import annotations

from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.io.storage import read_json
from mutirao.modules.submission import submit
from mutirao.release.publish import publish


def rewrite(project, module, old, new):
    path = project.module_folder(module) / "manifest.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def published(project, version):
    folder = publish(project, build(project, "tiny", Silent()), version, Silent()).folder
    return read_json(folder / "map.json")


def test_the_map_page_names_the_organisations_of_the_manifests(tiny_project, tiny_submitted):
    before = published(tiny_project, "0.1.0")
    assert before["attribution"] == "Nobody: Valley Institute (valley), River Watch (water), City Lab (urban)."
    rewrite(tiny_project, "water", "River Watch", "Rivers & Lakes")
    rewrite(tiny_project, "water", "Open water", "Rivers and lakes")
    page = published(tiny_project, "0.1.1")
    assert page["attribution"] == "Nobody: Valley Institute (valley), Rivers & Lakes (water), City Lab (urban)."
    assert [(one["module"], one["name"], one["organisation"]) for one in page["modules"]] == [
        ("valley", "The valley", "Valley Institute"),
        ("water", "Rivers and lakes", "Rivers & Lakes"),
        ("urban", "Towns", "City Lab"),
    ]


def test_a_module_that_decides_no_pixel_is_not_credited(tiny_project, tiny_rasters):
    for module, rasters in tiny_rasters.items():
        submit(tiny_project, module, "1.0.0", rasters * (module != "water"))
    page = published(tiny_project, "0.1.0")
    assert page["attribution"] == "Nobody: Valley Institute (valley), City Lab (urban)."
    assert [one["module"] for one in page["modules"]] == ["valley", "water", "urban"]
