"""The public names in the order of the API reference; conf.py writes the pages.

A test compares this list with ``autonomaly.__all__``.
"""

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
            "DetectorRejected",
            "NoDetectorLeftError",
            "MissingExtraError",
            "AutonomalyWarning",
            "BudgetWarning",
        ],
    },
}


def write_pages(reference, folder):
    """Write the index page of the API reference.

    Parameters
    ----------
    reference : dict
        Sections with a text and names each.
    folder : Path
        Where ``index.rst`` goes.
    """
    lines = ["API reference", "=============", "", ".. currentmodule:: autonomaly", ""]
    for title, section in reference.items():
        lines += [title, "-" * len(title), "", section["text"], ""]
        lines += [".. autosummary::", "   :toctree: generated", "   :nosignatures:", ""]
        lines += [f"   {name}" for name in section["names"]]
        lines.append("")
    folder.mkdir(exist_ok=True)
    text = "\n".join(lines)
    target = folder / "index.rst"
    # Rewriting the same text would make Sphinx read every page again.
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")
