"""
Three ways to set the threshold
===============================

The threshold decides how many rows are flagged. It can be estimated, given as a share,
or bounded by a rate of false alarms. Here are all three on tables with no, three and
thirty anomalies among 1,000 rows.
"""

# %%
# Five columns of noise; the first rows of each table are moved away from the others.
import matplotlib.pyplot as plt
import numpy as np

from autonomaly import AutonomousDetector

rng = np.random.RandomState(0)
numbers = [0, 3, 30]
tables = []
for n_anomalies in numbers:
    X = rng.normal(size=(1000, 5))
    X[:n_anomalies] += rng.choice([-5, 5], size=(n_anomalies, 5))
    tables.append(X)

ways = {
    'contamination="auto"': {},
    "contamination=0.02": {"contamination": 0.02},
    "max_false_discovery_rate=0.1": {"max_false_discovery_rate": 0.1},
}

# %%
# Each detector labels each table. Anomalies are its first rows.
found, false_alarms = {}, {}
for name, parameters in ways.items():
    flags = [AutonomousDetector(**parameters).fit_predict(X) == -1 for X in tables]
    found[name] = [int(f[:n].sum()) for f, n in zip(flags, numbers, strict=True)]
    false_alarms[name] = [int(f[n:].sum()) for f, n in zip(flags, numbers, strict=True)]
    print(f"{name:29} found {found[name]}, false alarms {false_alarms[name]}")

# %%
# - ``"auto"`` adapts to the table, and flags no row where there is nothing to find.
# - A share flags that share, however many anomalies there are. Use it if somebody can
#   look at just so many rows.
# - A bounded rate of false alarms needs several clear anomalies: three are not enough
#   to keep the promise, so none is flagged.
#
# The :doc:`guide </user_guide/threshold>` says more about each.
fig, axes = plt.subplots(
    1, 3, sharex=True, sharey=True, figsize=(9, 3), layout="constrained"
)
places = np.arange(len(numbers))
for ax, name in zip(axes, ways, strict=True):
    ax.bar(places, found[name], label="anomalies found")
    ax.bar(places, false_alarms[name], bottom=found[name], label="false alarms")
    ax.hlines(numbers, places - 0.45, places + 0.45, color="black", label="anomalies")
    ax.set(title=name, xticks=places, xlabel="anomalies in the table")
    ax.set_xticklabels(numbers)
    ax.title.set_size("medium")
axes[0].set(ylabel="rows", ylim=(0, 34))
axes[0].legend(loc="upper left")
