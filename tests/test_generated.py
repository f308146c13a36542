"""Files that are made from the code are as the code makes them now; run `mutirao sync` if this fails."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from mutirao.generated import SCHEMAS, contents, stale, write

ROOT = Path(__file__).parents[1]
FOLDERS = {"rules": "rules", "chain": "chains", "collection": "collections", "dataset": "datasets"}
FOLDERS |= {"legend": "legends", "crosswalk": "crosswalks"}


def test_nothing_generated_is_stale():
    assert stale(ROOT) == []


def test_a_stale_file_is_seen_and_mended(tmp_path):
    write(tmp_path)
    assert stale(tmp_path) == []
    schema = tmp_path / "configs/schemas/legend.schema.json"
    schema.write_text(schema.read_text(encoding="utf-8").replace("colour", "color"), encoding="utf-8")
    (tmp_path / "docs/reference/findings.md").unlink()
    assert stale(tmp_path) == ["configs/schemas/legend.schema.json", "docs/reference/findings.md"]


@pytest.mark.parametrize("name", [*FOLDERS, "manifest", "recipe"])
def test_shipped_files_fit_the_schemas_that_editors_use(name):
    pattern = f"configs/{FOLDERS[name]}/*.yaml" if name in FOLDERS else f"contributors/*/{name}.yaml"
    files = sorted(ROOT.glob(pattern))
    assert files
    schema = SCHEMAS[name].model_json_schema(by_alias=True)
    for path in files:
        jsonschema.validate(_as_json(YAML(typ="safe").load(path)), schema)
        assert path.read_text(encoding="utf-8").splitlines()[0].endswith(f"/schemas/{name}.schema.json")
        assert f"configs/schemas/{name}.schema.json" in contents()


def _as_json(value):
    """Give keys as text, as JSON and therefore JSON Schema has them."""
    if isinstance(value, dict):
        return {str(key): _as_json(child) for key, child in value.items()}
    return [_as_json(child) for child in value] if isinstance(value, list) else value
