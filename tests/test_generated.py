"""Files that are made from the code are as the code makes them now; run `mutirao sync` if this fails."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from mutirao.generated import SCHEMAS, contents, stale, write
from mutirao.project import Project

ROOT = Path(__file__).parents[1]
FOLDERS = {"rules": "rules", "chain": "chains", "collection": "collections", "dataset": "datasets"}
FOLDERS |= {"legend": "legends", "crosswalk": "crosswalks"}


def project_at(root: Path) -> Project:
    return Project(root, root / "workspace")


def test_nothing_generated_is_stale():
    assert stale(project_at(ROOT)) == []


def test_a_stale_file_is_seen_and_mended(tmp_path):
    project = project_at(tmp_path)
    (tmp_path / "docs/reference").mkdir(parents=True)
    write(project)
    assert stale(project) == []
    schema = tmp_path / "configs/schemas/legend.schema.json"
    schema.write_text(schema.read_text(encoding="utf-8").replace("colour", "color"), encoding="utf-8")
    (tmp_path / "docs/reference/findings.md").unlink()
    assert stale(project) == ["configs/schemas/legend.schema.json", "docs/reference/findings.md"]


def test_a_network_without_docs_gets_schemas_and_owners_only(tiny_project):
    write(tiny_project)
    written = {path.relative_to(tiny_project.root).parts[0] for path in tiny_project.root.rglob("*") if path.is_file()}
    assert written == {"configs", "contributors", "CODEOWNERS"}
    (tiny_project.root / "docs").mkdir()
    assert stale(tiny_project) == ["docs/modules.md"]


def test_a_changed_maintainer_makes_owners_and_table_stale(tiny_project):
    (tiny_project.root / "docs").mkdir()
    write(tiny_project)
    path = tiny_project.module_folder("valley") / "manifest.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("maintainers:\n", "maintainers:\n  - {name: Bia, contact: '@bia'}\n"), encoding="utf-8"
    )
    assert path.read_text(encoding="utf-8") != text
    assert stale(tiny_project) == ["CODEOWNERS", "docs/modules.md"]
    write(tiny_project)
    assert "/contributors/valley/ @bia\n" in (tiny_project.root / "CODEOWNERS").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*FOLDERS, "manifest", "recipe"])
def test_shipped_files_fit_the_schemas_that_editors_use(name):
    pattern = f"configs/{FOLDERS[name]}/*.yaml" if name in FOLDERS else f"contributors/*/{name}.yaml"
    files = sorted(ROOT.glob(pattern))
    assert files
    schema = SCHEMAS[name].model_json_schema(by_alias=True)
    for path in files:
        jsonschema.validate(_as_json(YAML(typ="safe").load(path)), schema)
        assert path.read_text(encoding="utf-8").splitlines()[0].endswith(f"/schemas/{name}.schema.json")
        assert f"configs/schemas/{name}.schema.json" in contents(project_at(ROOT))


def _as_json(value):
    """Give keys and dates as text, as JSON and therefore JSON Schema has them."""
    if isinstance(value, dict):
        return {str(key): _as_json(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_as_json(child) for child in value]
    return value.isoformat() if isinstance(value, date) else value
