"""What a search is given, checked and made usable."""

import numpy as np
from sklearn.base import clone

from autonomaly._utils._labels import LabelCode, read_labels
from autonomaly._utils._quiet import quiet
from autonomaly._utils._seeds import set_missing_seeds
from autonomaly.tuning._judge import is_label_metric

__all__ = ["check_names", "checked_labels", "seeded"]


def checked_labels(X, y, metrics, outlier_label):
    """Return 1 for outliers, 0 for inliers, NaN for unknown labels.

    Raises
    ------
    ValueError
        If the metrics that need labels cannot be measured with these.
    """
    needing = ", ".join(str(n) for n, m in metrics.items() if is_label_metric(m))
    if y is None:
        raise ValueError(
            f"{needing} cannot be measured without labels: pass y to fit, or use a "
            f"criterion that needs none, such as scoring='blend'"
        )
    code = LabelCode(outlier_label)
    known = read_labels(y, len(X), code)
    truth = np.full(len(X), np.nan)
    truth[list(known)] = list(known.values())
    if (n_outliers := sum(known.values())) in (0, len(known)):
        raise ValueError(
            f"{n_outliers} of {len(known)} known labels are outlier_label="
            f"{code.outlier!r}, but {needing} need both outliers and inliers"
        )
    return truth


def seeded(estimator, seed):
    """Clone a detector, with a seed where it has none; return its parameters too."""
    with quiet():  # PyOD's get_params changes the warning filters
        estimator = clone(estimator)  # one without set_params cannot be tuned
        set_missing_seeds(estimator, seed)
        return estimator, estimator.get_params()


def check_names(known, space, warm_start_params):
    """Raise if a setting names what the estimator does not have."""
    for part in (*space.parts, *warm_start_params):
        for name in part:
            if name not in known:
                raise ValueError(
                    f"{name!r} is not a hyperparameter of the estimator. Allowed: "
                    f"{', '.join(sorted(known))}"
                )
