"""Data sets that come with scikit-learn, made into anomaly detection tasks."""

import numpy as np
from sklearn import datasets

from autonomaly._utils._words import unknown_name_message
from autonomaly.exceptions import LoadError
from autonomaly.io._dataset import Dataset

__all__ = ["load_bundled"]

_SHARE = 0.05  # anomalies among all rows
_FEWEST = 3  # anomalies, whatever the share
# Which class is the rare one; None where the target is an amount and nothing is known.
_RARE_CLASS = {
    "breast_cancer": "malignant",
    "iris": "virginica",
    "wine": "class_2",
    "digits": 0,
    "diabetes": None,
    "linnerud": None,
}


def load_bundled(name):
    """Load a data set of scikit-learn with one class thinned to 5 % of the rows.

    Parameters
    ----------
    name : str
        ``"breast_cancer"`` (malignant rows are the anomalies), ``"iris"``
        (virginica), ``"wine"`` (the third, smallest class), ``"digits"`` (zeros),
        ``"diabetes"`` or ``"linnerud"`` (whole, without truth).

    Returns
    -------
    Dataset
        Named columns; truth where there are classes. All other rows are kept, in the
        order of the original, and the same anomalies are drawn every time.

    Raises
    ------
    LoadError
        If there is no such data set, or it would have to be downloaded.
    """
    if name not in _RARE_CLASS:
        online = [n.removeprefix("fetch_") for n in dir(datasets) if "fetch_" in n]
        message = unknown_name_message("data set", name, _RARE_CLASS)
        if name in online:
            message += " That one would have to be downloaded, which is not supported."
        raise LoadError(message + " Pass it as sklearn:NAME.")
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    data, rare = bunch.data, _RARE_CLASS[name]
    if rare is None:
        return Dataset(name, data, {"truth": "unknown"})
    names = [getattr(n, "item", lambda n=n: n)() for n in bunch.target_names]
    anomaly = bunch.target.to_numpy() == names.index(rare)
    n_normal = int((~anomaly).sum())
    n_anomalies = max(_FEWEST, round(n_normal * _SHARE / (1 - _SHARE)))
    rng = np.random.RandomState(0)
    drawn = rng.choice(np.flatnonzero(anomaly), n_anomalies, replace=False)
    rows = np.sort(np.r_[np.flatnonzero(~anomaly), drawn])
    kind = rare if isinstance(rare, str) else f"class {rare}"
    metadata = {"truth": f"{kind} rows, thinned to {n_anomalies} of {len(rows)}"}
    truth = np.where(anomaly[rows], -1, 1)
    return Dataset(name, data.iloc[rows].reset_index(drop=True), metadata, truth)
