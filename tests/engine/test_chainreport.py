"""Reports of chains of builds that are not as usual, and tallies on any tiling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mutirao.cli.app import app
from mutirao.engine.build import build
from mutirao.engine.chainreport import report_of_build
from mutirao.engine.progress import Silent
from mutirao.errors import UsageError
from mutirao.web.chain_page import chain_page


def test_collection_without_a_chain_says_so(tiny_network):
    path = tiny_network.root / "configs/collections/tiny.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("chain: tiny\n", ""), encoding="utf-8")
    built = build(tiny_network, "tiny", Silent())
    report = report_of_build(built)
    assert (report.unconfirmed, len(report.rows())) == ([], 1)
    assert "There is no chain" in chain_page(report)
    said = CliRunner().invoke(app, ["--project", str(tiny_network.root), "chain", "report"])
    assert "there is no chain" in said.output


def test_build_of_an_older_version_is_refused(tiny_network):
    built = build(tiny_network, "tiny", Silent())
    (built.folder / "tables/filter_steps.parquet").unlink()
    with pytest.raises(UsageError, match="B110"):
        report_of_build(built)


def test_tables_and_counts_are_the_same_on_any_tiling(tiny_network):
    path = tiny_network.root / "configs/collections/tiny.yaml"
    text = path.read_text(encoding="utf-8")
    first, *others = (_told(tiny_network, path, text, side) for side in (16, 17, 64))
    for tables, counts in others:
        assert (counts == first[1]).all()
        for name, table in tables.items():
            pd.testing.assert_frame_equal(table, first[0][name], rtol=1e-6)
    assert first[1].max() > 0


def _told(project, path, text: str, side: int) -> tuple[dict[str, pd.DataFrame], np.ndarray]:
    path.write_text(text.replace("tile: 16", f"tile: {side}"), encoding="utf-8")
    built = build(project, "tiny", Silent())
    counts = np.zeros(built.grid.shape, np.uint16)
    for tile, rewrites in built.rewrites():
        counts[tile.slices] = rewrites
    names = ("filters", "filter_chain", "filter_steps", "filter_years")
    return {name: built.table(name) for name in names}, counts
