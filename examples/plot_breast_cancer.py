"""
Rare tumours among benign ones
==============================

Measurements of 357 benign tumours and a few malignant ones. The detector is told
neither which is which nor how many there are.
"""

# %%
# ``sklearn:breast_cancer`` is not scikit-learn's set as a whole, but 376 of its 569
# rows: 19 of the 212 malignant tumours are left, so that they are rare. The truth is
# kept for the end.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from autonomaly import AutonomousDetector, load_dataset

dataset = load_dataset("sklearn:breast_cancer")
detector = AutonomousDetector().fit(dataset.data)
scores = detector.score_samples(dataset.data)

# %%
# Low scores are abnormal. The threshold was found without labels.
malignant = dataset.truth == -1
bins = np.histogram_bin_edges(scores, bins=40)
fig, ax = plt.subplots(layout="constrained")
ax.hist(scores[~malignant], bins, label="benign", color="C0", alpha=0.7)
ax.hist(scores[malignant], bins, label="malignant", color="C3", alpha=0.7)
ax.axvline(detector.offset_, color="black", linestyle="--", label="threshold")
ax.set(xlabel="score (low = abnormal)", ylabel="rows")
ax.legend()

# %%
# How good is the ranking? The truth was not used until here.
print(f"area under the ROC curve {roc_auc_score(malignant, -scores):.3f}")
print(f"average precision        {average_precision_score(malignant, -scores):.3f}")

# %%
# And the labels?
flagged = detector.predict(dataset.data) == -1
n_flagged, n_right = np.sum(flagged), np.sum(flagged & malignant)
print(f"{n_flagged} rows are flagged, {n_right} of them malignant:")
print(f"precision {n_right / n_flagged:.2f}, recall {n_right / np.sum(malignant):.2f}")

# %%
# Malignant tumours are near the top of the ranking, but most flags are benign tumours
# with unusual shapes: a detector without labels finds what is odd, and cannot know what
# matters. The example :ref:`sphx_glr_auto_examples_plot_feedback.py` shows how labels
# change that; :doc:`the guide </user_guide/labels>` says more.
#
# Why was the threshold set where it is?
print(detector.record_.filter("threshold"))
