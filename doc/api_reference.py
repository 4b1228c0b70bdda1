"""The public names in the order of the API reference; conf.py writes the pages.

A test compares `API_REFERENCE` with ``autonomaly.__all__``; what the rooms offer beyond
that is read off their own ``__all__``.
"""

import inspect
import re
from importlib import import_module

API_REFERENCE = {
    "Detecting": {
        "text": "The whole way, from a table to labels and reasons.",
        "names": ["AutonomousDetector", "auto_detect", "AutonomousResult"],
    },
    "Reading tables": {
        "text": "From files, data frames and arrays to numbers; see "
        ":doc:`/user_guide/tables`.",
        "names": [
            "load_dataset",
            "Dataset",
            "register_loader",
            "AutonomousPreprocessor",
        ],
    },
    "Profiling": {
        "text": "What is in this table?",
        "names": ["DataProfiler", "DataProfile", "register_profiler"],
    },
    "Detectors and ensembles": {
        "text": "The parts that score.",
        "names": ["VotingOutlierEnsemble", "register_detector"],
    },
    "Tuning": {
        "text": "Better hyperparameters, with or without labels.",
        "names": ["OutlierSearch"],
    },
    "Explaining": {
        "text": "Every decision with its reason.",
        "names": ["DecisionRecord"],
    },
    "Errors and warnings": {
        "text": "All errors about bad input are also ``ValueError``.",
        "names": [
            "AutonomalyError",
            "DataError",
            "LoadError",
            "MemberFailedError",
            "DetectorRejected",
            "NoDetectorLeftError",
            "MissingExtraError",
            "AutonomalyWarning",
            "BudgetWarning",
            "UnreadableWarning",
            "UnseenWarning",
        ],
    },
}

ROOMS = {
    "io": "Tables from anywhere, whole and in chunks.",
    "profiling": "The sections of a profile.",
    "preprocessing": "Numeric pictures of a table.",
    "detectors": "Detectors to choose from, each to be used by itself.",
    "ensemble": "Members and weights from predictions.",
    "selection": "Which detectors, and why: meta-features, the knowledge base and the "
    "models trained on it. :doc:`meta_features` gives the formula of each feature.",
    "tuning": "Criteria that need no labels, objectives, trials.",
    "resources": "Time, memory and clusters.",
    "explanation": "The entries of a record.",
}

# Public values that are neither classes nor functions.
CONSTANTS = {
    "selection": {
        "META_FEATURES": "Every `MetaFeature`, in the order of the vector; "
        ":doc:`meta_features` tabulates them.",
        "POOL": "The default members, as a tuple of `PoolMember`; :doc:`detectors` "
        "tabulates them.",
        "RULES": "The rules of thumb, as a tuple of `Rule`.",
    },
    "tuning": {
        "CRITERIA": "Name to `Criterion`, for ``scoring`` without labels.",
        "LABEL_FREE_OBJECTIVES": "Weights for ``objectives`` without labels, as a "
        "tuple of `Objective`.",
        "LABEL_OBJECTIVES": "Weights for ``objectives`` with labels, as a tuple of "
        "`Objective`.",
        "STRATEGIES": "Name, as ``search`` takes it, to the function that searches.",
    },
}


def names_of_room(room):
    """List what a room offers beyond the names of the package.

    Parameters
    ----------
    room : str
        For example ``"selection"``.

    Returns
    -------
    list of str
        Classes and functions, which have a page each.
    """
    module = import_module(f"autonomaly.{room}")
    top = {name for section in API_REFERENCE.values() for name in section["names"]}
    elsewhere = {*top, *CONSTANTS.get(room, ())}
    return [name for name in module.__all__ if name not in elsewhere]


def own_methods():
    """List the public methods of every public class.

    Returns
    -------
    dict of str to list of str
        Class, by its path, to the methods that this package wrote: those that
        scikit-learn, pydantic or joblib bring are documented there.
    """
    paths = [name for section in API_REFERENCE.values() for name in section["names"]]
    paths += [f"{room}.{name}" for room in ROOMS for name in names_of_room(room)]
    methods = {}
    for path in paths:
        room, _, name = path.rpartition(".")
        thing = getattr(import_module(f"autonomaly.{room}".rstrip(".")), name)
        if inspect.isclass(thing):
            methods[f"autonomaly.{path}"] = _own_methods(thing)
    return methods


def _own_methods(owner):
    return [
        name
        for name in dir(owner)
        if not name.startswith("_")
        and inspect.isroutine(method := getattr(owner, name))
        and str(getattr(method, "__module__", "")).startswith("autonomaly.")
    ]


def write_pages(reference, folder):
    """Write the pages of the API reference that no docstring holds.

    Parameters
    ----------
    reference : dict
        Sections with a text and names each.
    folder : Path
        Where ``index.rst``, ``detectors.rst`` and ``meta_features.rst`` go.
    """
    lines = ["API reference", "=============", "", ".. currentmodule:: autonomaly", ""]
    for title, section in reference.items():
        lines += [title, "-" * len(title), "", section["text"], ""]
        lines += [".. autosummary::", "   :toctree: generated", "   :nosignatures:", ""]
        lines += [f"   {name}" for name in section["names"]]
        lines.append("")
    for room, text in ROOMS.items():
        module = f"autonomaly.{room}"
        lines += [module, "-" * len(module), "", text, ""]
        lines += [f".. currentmodule:: {module}", ""]
        lines += [".. autosummary::", "   :toctree: generated", "   :nosignatures:", ""]
        lines += [f"   {name}" for name in names_of_room(room)]
        lines.append("")
        for name, meaning in CONSTANTS.get(room, {}).items():
            lines += [f".. py:data:: {name}", "", f"   {meaning}", ""]
    folder.mkdir(exist_ok=True)
    _write(folder / "index.rst", lines)
    _write(folder / "detectors.rst", _detector_lines())
    _write(folder / "meta_features.rst", _meta_feature_lines())


def _detector_lines():
    """Tabulate every detector of the catalogue, and the members of the pool."""
    from autonomaly.detectors import catalogue
    from autonomaly.selection import POOL

    lines = [":orphan:", "", "Names of detectors", "==================", ""]
    lines += [
        "The names that ``algorithms`` and ``exclude`` of",
        "`autonomaly.AutonomousDetector` take. `autonomaly.detectors.catalogue` has",
        "the first table, with the detectors you have registered. A name stands for",
        "all its members of the default pool or, where it has none, for the detector",
        "on its view. A member can be named, too: ``algorithms=['knn5_squashed']``.",
        "See :doc:`/user_guide/glossary` for the terms.",
        "",
        "A detector with a limit is left out if it would learn from more rows than",
        "that. By default detectors learn from at most 4,000 rows.",
        "",
    ]
    header = ("Name", "Finds", "Family", "View", "Rows at most", "Origin")
    lines += _table(
        "20 34 14 11 11 10",
        header,
        [
            (
                f"``{s.name}``",
                s.description,
                s.family,
                s.view,
                "" if s.max_samples is None else f"{s.max_samples:,}",
                s.origin,
            )
            for s in catalogue().values()
        ],
    )
    lines += ["", "The default pool", "----------------", ""]
    lines += [
        f"These {len(POOL)} members vote by default, without those that cannot serve",
        "the table.",
        "",
    ]
    lines += _table(
        "30 25 20 25",
        ("Member", "Detector", "View", "Hyperparameters"),
        [
            (
                f"``{m.name}``",
                f"``{m.detector}``",
                m.view,
                ", ".join(f"{key}={value}" for key, value in m.parameters.items()),
            )
            for m in POOL
        ],
    )
    return [*lines, ""]


def _meta_feature_lines():
    """Tabulate every meta-feature."""
    from autonomaly.selection import META_FEATURES

    lines = [":orphan:", "", "Meta-features", "=============", ""]
    lines += [
        "What `autonomaly.selection.MetaFeaturesExtractor` reads off a table.",
        "",
    ]
    cells = []
    for f in META_FEATURES:
        reference = re.sub(r"doi:(10\.[^\s,;]+)", r":doi:`\1`", f.reference or "")
        # bars and stars of a formula are no markup
        formula = re.sub(r"([|*_`])", r"\\\1", f.formula)
        cells.append((f"``{f.name}``", f.group, formula, reference))
    header = ("Name", "Group", "Formula", "Reference")
    return [*lines, *_table("15 12 48 25", header, cells), ""]


def _table(widths, header, rows):
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for first, *others in (header, *rows):
        lines += [f"   * - {first}", *(f"     - {cell}".rstrip() for cell in others)]
    return lines


def _write(target, lines):
    text = "\n".join(lines)
    # Rewriting the same text would make Sphinx read every page again.
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")
