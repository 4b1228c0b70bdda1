"""Imports of optional packages, with one clear error."""

import importlib

from autonomaly.exceptions import MissingExtraError


def import_optional_dependency(name, extra):
    """Import a package that one of the extras brings.

    Parameters
    ----------
    name : str
        The module to import.
    extra : str
        The extra of autonomaly that installs it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != name.split(".")[0]:
            raise  # the package is there and broken: that is another story
        raise MissingExtraError(
            f"{name!r} is not installed. It is part of the extra {extra!r}; "
            f"run: pip install 'autonomaly[{extra}]'"
        ) from error
