"""Tables for people and programs: the same rows as Parquet (snappy) and CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from mutirao.io.places import Place
from mutirao.io.storage import opened, write_text


def write_table(folder: Path, name: str, frame: pd.DataFrame) -> None:
    """Write `name`.parquet and `name`.csv; each appears only when it is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / f"{name}.parquet", folder / f".{name}.parquet"
    # No pandas metadata: it would carry library versions, and equal tables would differ in bytes.
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    pq.write_table(table, partial, compression="snappy")
    partial.replace(path)
    lines = pa.BufferOutputStream()
    pc.write_csv(table, lines)  # ten times as fast as pandas, and territories by years by classes are many rows
    write_text(folder / f"{name}.csv", lines.getvalue().to_pybytes().decode())


def read_table(location: Place | str) -> pd.DataFrame:
    """Read a Parquet table from a path or URL."""
    with opened(location) as stream:
        frame: pd.DataFrame = pq.read_table(stream).to_pandas()
    return frame
