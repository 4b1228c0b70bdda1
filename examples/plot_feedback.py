"""
Twenty labels
=============

Which odd rows matter, only a person can say. Here the detector asks a doctor about
twenty tumours, five at a time, and learns to tell malignant ones from benign ones that
merely have unusual shapes.
"""

# %%
# Half of the rows are for learning, and the other half shows whether it worked.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from autonomaly import AutonomousDetector, load_dataset

dataset = load_dataset("sklearn:breast_cancer")
train, test, train_truth, test_truth = train_test_split(
    dataset.data, dataset.truth, test_size=0.5, stratify=dataset.truth, random_state=0
)
detector = AutonomousDetector(labels="use").fit(train)


def precision():
    """Judge the ranking of the rows that nobody is asked about."""
    return average_precision_score(test_truth == -1, -detector.score_samples(test))


# %%
# ``ask`` names the rows whose labels would help most, and ``feedback`` learns from the
# answers without fitting again.
n_labels, n_malignant, precisions = [0], [0], [precision()]
for _ in range(4):
    rows = detector.ask(5)
    answers = {int(row): bool(train_truth[row] == -1) for row in rows}  # the doctor
    detector.feedback(answers)
    n_labels.append(n_labels[-1] + len(rows))
    n_malignant.append(n_malignant[-1] + sum(answers.values()))
    precisions.append(precision())

for line in zip(n_labels, n_malignant, precisions, strict=True):
    print("{:2} labels, {:2} malignant: average precision {:.3f}".format(*line))

# %%
# The average precision is that of rows without labels, which the detector has not seen.
fig, ax = plt.subplots(layout="constrained")
ax.plot(n_labels, precisions, "o-")
ax.set(xlabel="labels given", ylabel="average precision of other rows", ylim=(0, 1))
ax.set_xticks(n_labels)

# %%
# Labels move the threshold, too. Of the rows the detector has not seen, it flags:
flagged = detector.predict(test) == -1
malignant = test_truth == -1
print(f"{np.sum(flagged)} rows, {np.sum(flagged & malignant)} of the ", end="")
print(f"{np.sum(malignant)} malignant ones among them")

# %%
# The last entry of the record says how it was found:
decision = list(detector.record_.filter("labels"))[-1]
print(f"{decision.subject}: {decision.choice:.3f}")
print(decision.reason)
