"""`mutirao explain`: what it tells is what the map says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from mutirao.client import open_release
from mutirao.demo import Demonstration
from mutirao.engine.basis import read_basis
from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.errors import ResourceError
from mutirao.modules.submission import submit
from mutirao.project import Project
from mutirao.release.publish import publish


@pytest.fixture
def call(call, monkeypatch):
    """Call `mutirao` on a screen of 80 columns."""
    from mutirao.cli import console

    monkeypatch.setattr(console.out, "width", 80)
    return call


@pytest.fixture
def at(demo):
    """Options that name the demonstration."""
    return ("--project", demo.project.root, "--workspace", demo.project.workspace)


@pytest.fixture
def result(demo) -> Demonstration:
    return demo.result


def place(grid, row: int, column: int) -> str:
    """Return the centre of a pixel as `--at` takes it."""
    from pyproj import Transformer

    x, y = grid.transform @ (column + 0.5, row + 0.5)
    lon, lat = Transformer.from_crs(grid.crs, 4326, always_xy=True).transform(x, y)
    return f"{lon},{lat}"


def agrees(told: dict, layers: dict[str, np.ndarray], record) -> None:
    """Hold what is told of a pixel against the layers of a map."""
    for index, year in enumerate(told["years"]):
        here = {name: int(layer[index, told["row"], told["column"]]) for name, layer in layers.items()}
        rules, modules = [None, *(rule.rule for rule in record.rules)], [None, *(m.module for m in record.modules)]
        assert year["map"] == here
        assert year["differs_in"] == []
        assert (year["class"], year["rule"]) == (here["class"], rules[here["rule"]])
        assert (year["module"], len(year["against"])) == (modules[here["source"]], here["conflict"])
        assert (year["filter_steps"] or [0])[-1] == here["filter"]
        assert year["integrated"] == year["class"] or year["filter_steps"]


@pytest.mark.parametrize("of", [(), ("0.1.0",), ("0.2.0",)])
def test_what_is_told_is_what_the_map_says(call, at, result, of):
    release = open_release(result.releases[0 if of == ("0.1.0",) else 1].folder)
    layers = {name: release.maps(layer=name).to_numpy() for name in ("class", "source", "rule", "conflict", "filter")}
    pixels = [*np.random.default_rng(5).integers(0, 50, (6, 2)).tolist(), *np.argwhere(layers["filter"][-1])[:3]]
    for row, column in pixels:
        status, out, _ = call(*at, "explain", *of, "--at", place(release.grid, row, column), "--json")
        told = json.loads(out)
        assert (status, told["row"], told["column"]) == (0, row, column)
        assert [year["year"] for year in told["years"]] == [2016, 2017, 2018, 2019, 2020]
        agrees(told, layers, release.record)


def test_a_story_fits_on_the_screen_and_names_claims_rules_filters_and_result(call, at, result):
    release = open_release(result.releases[-1].folder)
    changed = release.maps([2020], layer="filter").to_numpy()[0]
    row, column = np.argwhere(changed == 3)[0]
    status, out, _ = call(*at, "explain", "--at", place(release.grid, row, column))
    assert status == 0
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80
    for text in ("2016", "what each module claims", "✗", "✓", "why: ", "→ ", "3 Remove patches under 3 pixels"):
        assert text in out
    assert "the map says the same, in all 5 years" in out


@pytest.fixture
def elsewhere(result, tmp_path):
    """Give a copy of a release far from its workspace."""
    folder = tmp_path / "elsewhere" / "v0.2.0"
    shutil.copytree(result.releases[-1].folder, folder)
    return folder


def test_a_release_explains_itself_without_its_workspace(call, at, elsewhere):
    where = place(open_release(elsewhere).grid, 20, 30)
    expected = json.loads(call(*at, "explain", "0.2.0", "--at", where, "--json")[1])
    assert json.loads(call("explain", elsewhere, "--at", where, "--json")[1]) == expected


@pytest.fixture
def address(elsewhere):
    """Serve the copy from a process of its own: GDAL reads without letting other threads of this one go on."""
    serve = "import sys; from pathlib import Path; from mutirao.web.server import make_server\n"
    serve += "with make_server(Path(sys.argv[1])) as s: print(s.server_address[1], flush=True); s.serve_forever()"
    with subprocess.Popen([sys.executable, "-c", serve, elsewhere.parent], stdout=subprocess.PIPE, text=True) as server:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/{elsewhere.name}"
        server.terminate()


def test_a_release_explains_itself_over_the_web(call, elsewhere, address):
    pytest.importorskip("aiohttp", reason="reading over the web needs the Python package aiohttp")
    where = place(open_release(elsewhere).grid, 20, 30)
    expected = json.loads(call("explain", elsewhere, "--at", where, "--json")[1])
    assert json.loads(call("explain", address, "--at", where, "--json")[1]) == expected


def test_a_build_is_named_by_its_folder_or_the_beginning_of_its_name(call, at, result):
    first, where = result.builds[0], place(result.builds[0].grid, 3, 4)
    for name in (first.folder, first.folder.name[:8]):
        told = json.loads(call(*at, "explain", name, "--at", where, "--json")[1])
        assert told["of"] == f"banat, build {first.folder.name}"
        assert told["submissions"]["meadows"] == "0.1.0"


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("--at", "22.15"), 2, "A110"),
        (("--at", "nan,45"), 2, "A110"),
        (("--at", "22.15,450"), 2, "A110"),
        ((), 2, "A110"),
        (("--at", "1,2"), 1, "G101"),
        (("--at", "22.15,45.205", "--year", "2030"), 2, "A104"),
        (("9.9.9", "--at", "22.15,45.205"), 2, "A106"),
        (("no_such", "--at", "22.15,45.205"), 2, "U105"),
        (("/nowhere/v1.0.0", "--at", "22.15,45.205"), 3, "R201"),
    ],
)
def test_refusals_name_code_and_remedy(call, at, arguments, status, code):
    ended, _, err = call(*at, "explain", *arguments)
    assert (ended, code in err, "remedy: " in err, "Traceback" in err) == (status, True, True, False)


@pytest.fixture
def tiny(tiny_project: Project, tiny_submitted) -> Project:
    build(tiny_project, "tiny", Silent())
    return tiny_project


def tell(call, project: Project, *arguments: str, row: int, column: int) -> dict:
    where = place(project.collection("tiny").value.grid, row, column)
    status, out, err = call("--project", project.root, "explain", *arguments, "--at", where, "--json")
    assert status == 0, err
    return json.loads(out)


def test_rules_changed_after_the_build_do_not_rewrite_its_story(call, tiny):
    before = tell(call, tiny, row=0, column=2)
    rules = tiny.root / "configs/rules/tiny.yaml"
    rules.write_text(rules.read_text().replace("assign: 24", "assign: 3"))
    assert tell(call, tiny, row=0, column=2) == before
    assert [(year["rule"], year["integrated"]) for year in before["years"]] == [
        ("water", 33),
        ("water", 24),
        ("water", 24),
    ]
    assert (
        "exception 1 holds: urban claims Urban area; it gives Urban area" in before["years"][1]["rules"][0]["reasons"]
    )


def test_codes_as_keys_and_their_order_survive_on_disk(tiny):
    rules = tiny.root / "configs/rules/tiny.yaml"
    unless = "unless:\n      - {when: {urban: 24}, assign: {map: {native: 15, 33: 39}}}\n    why: Everything"
    rules.write_text(rules.read_text().replace("why: Everything", unless))
    made = build(tiny, "tiny", Silent())
    basis = read_basis(str(made.folder))
    assert basis.rule_set == tiny.rules("tiny").value
    assert basis.rules[2].cases[0].outcome.code(33) == 39
    (made.folder / "rules.json").write_text('{"id": 1}')
    with pytest.raises(ResourceError, match="R203"):
        read_basis(str(made.folder))


def test_a_submission_that_is_gone_or_replaced_is_named_and_a_release_still_explains(call, tiny):
    publish(tiny, build(tiny, "tiny", Silent()), "1.0.0", Silent())
    before = tell(call, tiny, "1.0.0", row=2, column=3)
    where = place(tiny.collection("tiny").value.grid, 2, 3)
    receipt = tiny.submissions / "water/1.0.0/submission.json"
    receipt.write_text(receipt.read_text().replace("{", "{ ", 1))
    shutil.rmtree(tiny.submissions / "urban/1.0.0")
    status, _, err = call("--project", tiny.root, "explain", "--at", where)
    assert status == 2
    assert err.count("B109") == 2
    assert "submission 1.0.0 of 'urban', which the build read, is not in the workspace" in err
    assert "submission 1.0.0 of 'water' is not the one that the build read" in err
    assert tell(call, tiny, "1.0.0", row=2, column=3) == before


def test_a_map_that_says_something_else_is_told_loudly(call, tiny):
    publish(tiny, build(tiny, "tiny", Silent()), "1.0.0", Silent())
    kept = tiny.releases / "tiny/v1.0.0/rules.json"
    kept.write_text(kept.read_text().replace('"assign": 24', '"assign": 3'))
    where = place(tiny.collection("tiny").value.grid, 0, 2)
    status, out, _ = call("--project", tiny.root, "explain", "1.0.0", "--at", where)
    assert status == 0
    assert "THE MAP SAYS SOMETHING ELSE in 2021 (class" in out
    assert "build again" in out


def test_what_an_older_version_made_cannot_be_explained_and_says_so(call, tiny):
    made = build(tiny, "tiny", Silent())
    published = publish(tiny, made, "1.0.0", Silent())
    (made.folder / "claims.json").unlink()
    record = published.folder / "release.json"
    record.write_text(record.read_text().replace('"rules.json"', '"other.json"'))
    where = place(made.grid, 0, 2)
    assert "B108" in call("--project", tiny.root, "explain", "--at", where)[2]
    assert "A111" in call("--project", tiny.root, "explain", "1.0.0", "--at", where)[2]


def test_a_year_that_an_earlier_submission_lends_is_read_from_it(call, tiny, tiny_rasters):
    config = tiny.root / "configs/collections/tiny.yaml"
    config.write_text(config.read_text().replace("{module: water}", "{module: water, missing: previous}"))
    manifest = tiny.root / "contributors/water/manifest.yaml"
    announced = manifest.read_text()
    manifest.write_text(announced.replace("last: 2022", "last: 2021"))
    submit(tiny, "water", "1.1.0", tiny_rasters["water"][:2])
    manifest.write_text(announced)
    made = build(tiny, "tiny", Silent())
    used = json.loads((made.folder / "claims.json").read_text())["water"]
    assert used == {"2020": "1.1.0", "2021": "1.1.0", "2022": "1.0.0"}
    told = tell(call, tiny, row=20, column=3)
    assert [year["claims"]["water"] for year in told["years"]] == [33, 33, 33]
    assert [year["differs_in"] for year in told["years"]] == [[], [], []]


def test_layers_that_rules_consult_are_told_and_lie_in_the_release(call, tiny_project, tiny_rasters):
    import rasterio

    from mutirao.io.cogs import write_cog

    grid = tiny_project.collection("tiny").value.grid
    biome = np.full(grid.shape, 70_000, np.int32)
    biome[:, 20:] = 5
    write_cog(tiny_project.root / "configs/biome.tif", biome, grid)
    config = tiny_project.root / "configs/collections/tiny.yaml"
    layers = "layers:\n  - {id: biome, file: ../biome.tif, values: {hills: 70000, plain: 5}}\n"
    config.write_text(config.read_text() + layers)
    rules = tiny_project.root / "configs/rules/tiny.yaml"
    rules.write_text(rules.read_text().replace("claim: {water: 33}", "claim: {water: 33}\n    where: {biome: plain}"))
    for module, codes in tiny_rasters.items():
        submit(tiny_project, module, "1.0.0", codes)
    published = publish(tiny_project, build(tiny_project, "tiny", Silent()), "1.0.0", Silent())
    with rasterio.open(published.folder / "tiny_layers_v1.0.0.tif") as src:
        assert (src.descriptions, src.dtypes) == (("biome",), ("int32",))
        assert (src.read(1) == biome).all()
    for of in ((), ("1.0.0",)):
        told = tell(call, tiny_project, *of, row=10, column=0)["years"][0]
        assert told["layers"] == {"biome": 70_000}
        assert told["rules"][0]["reasons"] == ["biome is hills, not plain"]
        assert told["differs_in"] == []
