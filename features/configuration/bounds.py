"""The section about how much of a foreign file or answer is read: beyond it, it is refused before memory is spent."""

from __future__ import annotations

from features.configuration.part import ConfigPart, key


class BoundsConfig(ConfigPart):
    """How much of what comes from outside is read."""

    workbook_memory: int = key(4096, unit="MiB", ge=256)
    """Memory of the process of its own that reads a workbook of tickets or labels."""
    workbook_unpacked: int = key(2048, unit="MiB", ge=1)
    """What the parts of a workbook may hold, unpacked."""
    workbook_cells: int = key(50_000_000, unit="cells", ge=1)
    """Cells of all sheets, the empty ones inside their extent with them."""
    workbook_seconds: int = key(900, unit="s", ge=1)
    """How long a workbook may be read."""
    cell_length: int = key(1_000_000, unit="characters", ge=1)
    """Length of one cell of a workbook."""
    upload_memory: int = key(1024, unit="MiB", ge=256)
    """Memory of the process that reads a workbook which a person hands in on a page or through the API."""
    upload_seconds: int = key(60, unit="s", ge=1)
    """How long such a workbook may be read."""
    file_unpacked: int = key(16_384, unit="MiB", ge=1)
    """What a compressed text file may hold, unpacked."""
    file_rows: int = key(500_000_000, unit="rows", ge=1)
    """Rows of a Parquet file."""
    page_size: int = key(256, unit="MiB", ge=1)
    """Size of a web page whose tables are read, and of a table or area file that people keep by hand."""
    answer_size: int = key(256, unit="MiB", ge=1)
    """Size of one answer of a feed, unpacked."""
    answer_seconds: int = key(600, unit="s", ge=1)
    """How long one answer of a feed may take."""
    json_depth: int = key(100, unit="levels", ge=10, le=900)
    """How deep the JSON of a feed or an area file may be nested."""
    body_size: int = key(32, unit="MiB", ge=1)
    """Size of the body of a request that hands in tickets or a workbook of overrides."""
    sheet_size: int = key(5, unit="MiB", ge=1)
    """Size of the body of a request that hands in a sheet of the routing table."""
    form_size: int = key(256, unit="KiB", ge=16)
    """Size of the body of any other request."""
