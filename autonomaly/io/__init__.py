"""Tables from anywhere, and what their columns are."""

from autonomaly.io._chunks import Chunks, as_chunks, read_chunks
from autonomaly.io._dataset import Dataset
from autonomaly.io._registry import (
    Loader,
    load_dataset,
    loaders,
    register_loader,
    unregister_loader,
)
from autonomaly.io._roles import ColumnRole, infer_roles

__all__ = [
    "Chunks",
    "ColumnRole",
    "Dataset",
    "Loader",
    "as_chunks",
    "infer_roles",
    "load_dataset",
    "loaders",
    "read_chunks",
    "register_loader",
    "unregister_loader",
]
