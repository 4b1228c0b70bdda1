"""What AutonomousDetector does with labels: learn, ask, learn again."""

import copy
from collections.abc import Mapping
from numbers import Integral
from typing import Self

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._labels import LabelCode, read_feedback, read_labels
from autonomaly._utils._typing import IntArray, keeps_signature
from autonomaly.ensemble._labels import LabelledVote
from autonomaly.exceptions import DataError
from autonomaly.explanation._decisions import record_labels

__all__ = ["LABEL_FREE", "FeedbackMixin"]

LABEL_FREE = "label-free: no labels were used, so none of these is an accuracy"


def _uses_labels(detector):
    if detector.labels == "use":
        return True
    raise AttributeError(
        "labels='ignore' keeps nothing that is needed to learn from labels. "
        "Use AutonomousDetector(labels='use')."
    )


class FeedbackMixin:
    """The part of a detector that its labels pass through."""

    _label_code: LabelCode

    @keeps_signature(available_if(_uses_labels))
    def ask(self, n: int = 5) -> IntArray:
        """Choose the training rows whose labels would help most.

        Prefers likely anomalies and rows the model is unsure about, and avoids similar
        rows. Diversity is enforced for the first 400 rows of a call; the rest are
        ranked one by one.

        Parameters
        ----------
        n : int, default=5
            How many rows.

        Returns
        -------
        ndarray of shape (n,)
            Positions of training rows without a label, the most useful first.

        Raises
        ------
        ValueError
            If there are fewer rows without a label, or the detector was fitted with
            ``labels="ignore"``.
        AttributeError
            If ``labels="ignore"`` still holds: the method is not there then.
        """
        check_is_fitted(self)
        if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
            raise ValueError(f"n must be an integer of at least 1, got {n!r}.")
        return self._kept_vote().ask(int(n))

    @keeps_signature(available_if(_uses_labels))
    def feedback(
        self, labels: Mapping[int, object] | Mapping[np.int64, object]
    ) -> Self:
        """Learn from more labels, without fitting again.

        Rows that other threads score meanwhile are scored by the labels before.

        Parameters
        ----------
        labels : mapping of int to label
            Positions of rows of the training table and their labels, written as in
            ``y``. A label given before is replaced; NaN or None takes it back.

        Returns
        -------
        self : object
            The detector, the same as if fitted with all labels so far.

        Raises
        ------
        ValueError
            If a position is out of range, a label is invalid, or the detector was
            fitted with ``labels="ignore"``; nothing is learnt then.
        AttributeError
            If ``labels="ignore"`` still holds: the method is not there then.
        """
        check_is_fitted(self)
        given, code = read_feedback(labels, self._kept_vote().n_rows, self._label_code)
        known = {**self.known_labels_, **given}
        known = {row: label for row, label in known.items() if label is not None}
        if known != self.known_labels_:
            self._learn(known)
        self._label_code = code
        return self

    def _now(self):
        # Another thread may give feedback while rows are scored. Not `copy.copy`, which
        # packs what goes to other processes.
        now = object.__new__(type(self))
        vars(now).update(vars(self))
        return now

    @np.errstate(**FLOAT_ERRORS)
    def _scores(self, Z):
        """Score numeric rows, by the labels where there are any."""
        ensemble = self._ensemble_now()
        if self.known_labels_:
            return -self._labelled_vote.with_ensemble(ensemble).score(Z)
        return ensemble.score_samples(Z)

    def _ensemble_now(self):
        """Return the ensemble with the n_jobs of now; a loaded one may be throttled."""
        ensemble = copy.copy(self.ensemble_)
        ensemble.n_jobs = self.n_jobs
        return ensemble

    def _kept_vote(self):
        """Return what labels are learnt with, which not every fit keeps."""
        if self._labelled_vote is None:
            raise NotFittedError(
                "This detector was fitted with labels='ignore', which keeps nothing "
                "that is needed to learn from labels. Fit it again with labels='use'."
            )
        return self._labelled_vote

    def _read_labels(self, y, n_samples, in_chunks):
        """Read y where it counts; None where it is ignored."""
        self._label_code = LabelCode(self.outlier_label)
        if self.labels == "ignore":
            return None
        if self.max_false_discovery_rate is not None:
            raise ValueError(
                "max_false_discovery_rate cannot be combined with labels='use': its "
                "p-values are those of the vote without labels. Set contamination "
                "instead."
            )
        if in_chunks:
            raise DataError(
                "labels='use' needs a table in memory: rows read in chunks have no "
                "position to label. Load the table, or pass labels='ignore'."
            )
        return {} if y is None else read_labels(y, n_samples, self._label_code)

    def _start_learning(self, Z, known, seconds, seed, undone):
        """Keep what labels need, and learn from those that are known."""
        self.known_labels_, self._labelled_vote = {}, None
        if known is None:
            return
        vote = LabelledVote(self.ensemble_, self.contamination, seed)
        kept = vote.keep(Z, known, seconds)
        self._labelled_vote = vote
        self._learn(kept)
        if len(kept) < len(known):
            undone.append(f"used {len(kept)} of {len(known)} labels")

    def _learn(self, known):
        """Let the vote follow the labels: scores, threshold, record."""
        ensemble, vote = self.ensemble_, copy.copy(self._labelled_vote)
        vote.learn(known)
        # At once: other threads score with what was learnt before until then.
        vars(self).update(
            _labelled_vote=vote,
            known_labels_=known,
            offset_=-vote.threshold if known else ensemble.offset_,
        )
        if known:
            self._tell_share(vote.share, vote.n_counted)
        else:
            self._tell_share(ensemble.contamination_, ensemble.n_scored_)
        self._performance.update(
            kind=vote.describe() if known else LABEL_FREE,
            average_precision=vote.left_out_precision,
        )
        record_labels(self.record_, vote, self.contamination_, self.offset_)

    def _tell_share(self, share, n_rows):
        """Publish the share of rows below the threshold, and of how many rows."""
        self.contamination_ = share
        self._performance.update(flagged_share=share, rows_looked_at=n_rows)

    def _tell_share_of_all(self, labels):
        """Publish the share really flagged, once all rows are labelled."""
        n_looked_at = self._performance["rows_looked_at"]
        self.n_samples_seen_ = len(labels)  # chunks may have had no time to end before
        self._tell_share(float(np.mean(labels == -1)), len(labels))
        if n_looked_at < len(labels):
            why = f"all rows were labelled; {n_looked_at} of them set the threshold"
            share = self.contamination_
            self.record_.add("threshold", "flagged", share, why, rows=len(labels))
