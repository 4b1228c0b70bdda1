"""A small knowledge base: real detectors, measured on small generated tasks."""

import time

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from autonomaly.selection import (
    KnowledgeBase,
    MetaFeaturesExtractor,
    PoolMember,
    build_member,
)
from autonomaly.selection._knowledge import measured

MEMBERS = (
    PoolMember("knn5_squashed", "knn", "squashed", {"n_neighbors": 5}),
    PoolMember("knn40_squashed", "knn", "squashed", {"n_neighbors": 40}),
    PoolMember("dependency_squashed", "dependency", "squashed"),
    PoolMember("mahalanobis_robust", "mahalanobis", "robust"),
    PoolMember("histogram_squashed", "histogram", "squashed"),
    PoolMember("tails_robust", "tails", "robust"),
    PoolMember("mixture_squashed", "mixture", "squashed"),
    PoolMember("lof30_robust", "lof", "robust", {"n_neighbors": 30}),
)


def make_task(kind, seed):
    """Rows with anomalies of one kind: broken dependence, far out, or in a gap."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(80, 200)), int(rng.integers(2, 8))
    n_odd = max(3, n // 15)
    if kind == "dependency":
        hidden = rng.normal(size=(n, 1))
        X = hidden * rng.uniform(0.5, 2, d) + 0.2 * rng.normal(size=(n, d))
        odd = np.take_along_axis(X, rng.integers(n, size=(n_odd, d)), axis=0)
    elif kind == "marginal":
        X = rng.exponential(size=(n, d))
        odd = rng.exponential(size=(n_odd, d))
        odd[np.arange(n_odd), rng.integers(d, size=n_odd)] += rng.uniform(5, 9)
    else:  # a gap between groups
        centers = 6 * rng.normal(size=(4, d))
        X = centers[rng.integers(4, size=n)] + 0.5 * rng.normal(size=(n, d))
        odd = X.mean(axis=0) + rng.normal(size=(n_odd, d))
    return np.vstack([X, odd]), np.repeat([0, 1], [n, n_odd])


def measure(member, X, y):
    start = time.perf_counter()
    scores = -build_member(member)[1].fit(X).score_samples(X)
    return {
        "auroc": round(roc_auc_score(y, scores), 6),
        "average_precision": round(average_precision_score(y, scores), 6),
        "seconds": time.perf_counter() - start,
    }


@pytest.fixture(scope="session")
def knowledge_document():
    extractor = MetaFeaturesExtractor()
    tasks = []
    for i in range(36):
        kind = ("dependency", "marginal", "gap")[i % 3]
        X, y = make_task(kind, i)
        results = [measure(member, X, y) for member in MEMBERS]
        tasks.append(
            {
                "name": f"{kind}-{i}",
                "family": f"family-{i // 3}",
                "kind": "generated",
                "anomaly": kind,
                "n_samples": len(X),
                "n_features": X.shape[1],
                "contamination": float(y.mean()),
                "meta": extractor.extract(X).to_array().tolist(),
                **{m: [r[m] for r in results] for m in results[0]},
            }
        )
    return {
        "schema": 1,
        "provenance": {"script": "tests/selection/conftest.py"},
        "meta_features": extractor.feature_names(),
        "algorithms": [measured(member).model_dump() for member in MEMBERS],
        "tasks": tasks,
    }


@pytest.fixture(scope="session")
def base(knowledge_document):
    return KnowledgeBase([knowledge_document])
