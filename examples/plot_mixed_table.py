"""
Numbers, categories and missing values
======================================

A table as it comes: no encoding, no imputation, no scaling.
"""

# %%
# Wines with a made-up shop, some missing values, and three bottles that cannot be
# right.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine

from autonomaly import AutonomousDetector

rng = np.random.RandomState(0)
wine = load_wine(as_frame=True).data[["alcohol", "ash", "hue", "proline"]]
wine["shop"] = rng.choice(["north", "south"], size=len(wine))
wine.loc[rng.choice(len(wine), 20, replace=False), "ash"] = np.nan
wine.loc[3, "alcohol"] = 40.0
wine.loc[50, "hue"] = -2.0
wine.loc[120, "proline"] = 9000.0

# %%
# Nobody says how many odd bottles there are.
detector = AutonomousDetector()
labels = detector.fit_predict(wine)
print(wine[labels == -1])

# %%
# The three are among them. Bottles without ``ash`` are judged by their other values: a
# missing value counts as such only if a quarter of the column or more is missing.
#
# The p-value says how often a normal row would look at least as odd.
pvalues = detector.outlier_pvalues(wine)
odd, gaps = [3, 50, 120], np.flatnonzero(wine["ash"].isna())
fig, ax = plt.subplots(layout="constrained")
ax.semilogy(pvalues, ".", color="0.6")
ax.semilogy(gaps, pvalues[gaps], "o", color="C0", label="ash is missing")
ax.semilogy(odd, pvalues[odd], "o", color="C3", label="cannot be right")
ax.set(xlabel="row", ylabel="p-value")
ax.legend()
