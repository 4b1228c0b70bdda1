"""Tables from anywhere, and what their columns are."""

from autonomaly.io._roles import ColumnRole, infer_roles

__all__ = ["ColumnRole", "infer_roles"]
