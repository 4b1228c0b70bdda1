"""Why an algorithm is expected to do well, in plain words."""

import numpy as np

from autonomaly.selection._metafeature_table import META_FEATURES

_N_REASONS = 2
# What moves the expected AUROC by less than this is not worth a word.
_WORTH = 0.002
# What is in the vector as a logarithm, with its base, as it is said.
_LOGARITHMS = {
    "log_n": ("rows", 10),
    "log_d": ("columns", 10),
    "log_n_per_d": ("rows per column", 10),
    "id_twonn": ("intrinsic dimension, nearest", 2),
    "id_mle": ("intrinsic dimension", 2),
    "id_per_column": ("intrinsic dimension per column", 2),
}


def influences(learner, meta, algorithms):
    """Tell how much each meta-feature moves what an algorithm adds.

    Parameters
    ----------
    learner : MetaLearner
        The trained models.
    meta : MetaFeatures
        What the data is.
    algorithms : list of MeasuredAlgorithm
        The algorithms.

    Returns
    -------
    list of list of (MetaFeature, float, float, float)
        For every algorithm: meta-feature, its value, the median of the knowledge base,
        and the change of the expected AUROC that the value makes against that median;
        largest first.
    """
    if not algorithms:
        return []
    model = learner._model
    boosting, _ = model.part("auroc")
    typical = np.median(model.base.meta, axis=0)
    vector = meta.to_array()
    rows = np.repeat(vector[None], len(vector) + 1, axis=0)
    np.fill_diagonal(rows[1:], typical)
    added = boosting.added_by(rows, model.encoder.encode(algorithms))
    return [
        [
            (META_FEATURES[j], float(vector[j]), float(typical[j]), float(moved[j]))
            for j in np.argsort(-np.abs(moved), kind="stable")
        ]
        for moved in (added[0] - added[1:]).T
    ]


def explain_data(moved, *, against=False):
    """Say what in the data speaks for an algorithm, or against it.

    Parameters
    ----------
    moved : list of (MetaFeature, float, float, float)
        Of the algorithm, see :func:`influences`.
    against : bool, default=False
        Whether to say what speaks against it.

    Returns
    -------
    str
        For example ``"linear dependence of columns 0.81 (typical 0.44)"``; empty where
        nothing does.
    """
    sign = -1 if against else 1
    found = [
        _said(feature, value, typical)
        for feature, value, typical, change in moved
        if sign * change > _WORTH
    ]
    return ", ".join(found[:_N_REASONS])


def _said(feature, value, typical):
    label, base = _LOGARITHMS.get(feature.name, (feature.label, None))
    if base is not None:
        value, typical = base**value, base**typical
    return f"{label} {_number(value)} (typical {_number(typical)})"


def _number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"


def explain_similar(base, similar, algorithm):
    """Say how an algorithm did on similar data sets.

    Parameters
    ----------
    base : KnowledgeBase
        What is known.
    similar : list of SimilarDataset
        Most similar first.
    algorithm : MeasuredAlgorithm
        The algorithm.

    Returns
    -------
    str
        For example ``"on similar data sets: WDBC 0.97 (place 3 of 135)"``; empty where
        it was not measured on any.
    """
    identities = [a.identity for a in base.algorithms]
    if algorithm.identity not in identities:
        return ""
    j = identities.index(algorithm.identity)
    found = []
    for dataset in similar:
        values = base.auroc[base.tasks.index(dataset.dataset)]
        if not np.isnan(values[j]):
            place = 1 + int((values > values[j]).sum())
            n_measured = int((~np.isnan(values)).sum())
            found.append(
                f"{dataset.dataset} {values[j]:.2f} (place {place} of {n_measured})"
            )
    return "on similar data sets: " + ", ".join(found[:_N_REASONS]) if found else ""


def explain_prediction(learner, meta, algorithm, predictions):
    """Say what a prediction rests on.

    Parameters
    ----------
    learner : MetaLearner
        The trained models.
    meta : MetaFeatures
        What the data is.
    algorithm : MeasuredAlgorithm
        The algorithm.
    predictions : Predictions
        Of this one algorithm.

    Returns
    -------
    str
        One line.
    """
    base = learner._model.base
    if not predictions.known[0]:
        n_tasks = learner.n_tasks(algorithm.detector)
        return (
            f"{algorithm.detector} was measured on {n_tasks} tasks: the prediction is "
            f"that for the mean algorithm on such data, with the spread of all"
        )
    advantage = predictions.advantage[0]
    parts = [
        f"{abs(advantage):.3f} {'above' if advantage >= 0 else 'below'} the mean "
        f"algorithm on such data, as learned from {len(base)} tasks"
    ]
    (moved,) = influences(learner, meta, [algorithm])
    for against, word in ((False, "for it"), (True, "against it")):
        if why := explain_data(moved, against=against):
            parts.append(f"{word}: {why}")
    return "; ".join(parts)
