"""
Rare tumours among benign ones
==============================

Measurements of 357 benign tumours and a few malignant ones. The detector is told
neither which is which nor how many there are.
"""

# %%
# ``sklearn:breast_cancer`` comes with the truth, which we keep for the end.
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
# Why it did what it did:
print(detector.record_)
