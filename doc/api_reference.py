"""The public names in the order of the API reference; conf.py writes the pages.

A test compares `API_REFERENCE` with ``autonomaly.__all__``; what the rooms offer beyond
that is read off their own ``__all__``.
"""

import enum
import re
from importlib import import_module

API_REFERENCE = {
    "Detecting": {
        "text": "The whole way, from a table to labels and reasons.",
        "names": ["AutonomousDetector", "auto_detect", "AutonomousResult"],
    },
    "Reading tables": {
        "text": "Sources of any kind become one table of numbers.",
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
    "selection": "Which detectors, and why: meta-features, the knowledge base, what is "
    "learnt from it.",
    "tuning": "Criteria that need no labels, objectives, trials.",
    "resources": "Time, memory and clusters.",
    "explanation": "The entries of a record.",
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
        Classes and functions; constants and enumerations have no page.
    """
    module = import_module(f"autonomaly.{room}")
    top = {name for section in API_REFERENCE.values() for name in section["names"]}
    objects = {n: getattr(module, n) for n in module.__all__ if n not in top}
    return [
        name
        for name, thing in objects.items()
        if callable(thing) and not isinstance(thing, enum.EnumMeta)
    ]


def write_pages(reference, folder):
    """Write the index page of the API reference.

    Parameters
    ----------
    reference : dict
        Sections with a text and names each.
    folder : Path
        Where ``index.rst`` and ``meta_features.rst`` go.
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
        if room == "selection":
            lines += [":doc:`meta_features` has the formula of each.", ""]
        lines += [f".. currentmodule:: {module}", ""]
        lines += [".. autosummary::", "   :toctree: generated", "   :nosignatures:", ""]
        lines += [f"   {name}" for name in names_of_room(room)]
        lines.append("")
    folder.mkdir(exist_ok=True)
    _write(folder / "index.rst", lines)
    _write(folder / "meta_features.rst", _meta_feature_lines())


def _meta_feature_lines():
    """Tabulate every meta-feature."""
    from autonomaly.selection import META_FEATURES

    lines = [":orphan:", "", "Meta-features", "=============", ""]
    lines += [
        "What `autonomaly.selection.MetaFeaturesExtractor` reads off a table.",
        "",
    ]
    lines += [".. list-table::", "   :header-rows: 1", "   :widths: 15 12 48 25", ""]
    cells = [("Name", "Group", "Formula", "Reference")]
    for f in META_FEATURES:
        reference = re.sub(r"doi:(10\.[^\s,;]+)", r":doi:`\1`", f.reference or "")
        # bars and stars of a formula are no markup
        formula = re.sub(r"([|*_`])", r"\\\1", f.formula)
        cells.append((f"``{f.name}``", f.group, formula, reference))
    for first, *others in cells:
        lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
    return [*lines, ""]


def _write(target, lines):
    text = "\n".join(lines)
    # Rewriting the same text would make Sphinx read every page again.
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")
