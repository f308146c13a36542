"""The product: COGs, tables, catalogue, styles, notes and map page of one immutable version."""
