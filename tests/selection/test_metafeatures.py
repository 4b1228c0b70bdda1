"""Meta-features: always finite, always the same, and they see what they are for."""

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autonomaly import AutonomousDetector
from autonomaly.exceptions import DataError
from autonomaly.profiling import DataProfiler
from autonomaly.selection import META_FEATURES, MetaFeatures, MetaFeaturesExtractor

RNG = np.random.RandomState(0)
NORMAL = RNG.randn(600, 5)


def extract(X, profile=None, **parameters):
    return MetaFeaturesExtractor(**parameters).extract(X, profile)


def test_the_table_is_complete():
    names = [feature.name for feature in META_FEATURES]
    assert names == MetaFeaturesExtractor.feature_names() == list(extract(NORMAL))
    assert len(set(names)) == len(names) >= 30
    groups = ("size", "types", "dependence", "tails", "structure", "landmarks")
    assert tuple(dict.fromkeys(f.group for f in META_FEATURES)) == groups
    assert all(feature.formula for feature in META_FEATURES)
    unreferenced = [f.name for f in META_FEATURES if not f.reference]
    assert all("share" in name for name in unreferenced)  # plain counting


cells = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 1e-320, 1e300, -1e300, 1e-300, 7.0]),
    st.floats(allow_nan=False, allow_infinity=False),
)
hostile = st.tuples(st.integers(1, 40), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=cells)
)


@settings(max_examples=25)
@given(hostile)
def test_finite_on_hostile_matrices(X):
    with np.errstate(all="raise", under="ignore"):
        meta = extract(X)
    assert np.isfinite(meta.to_array()).all()
    assert meta.to_array().tolist() == extract(X).to_array().tolist()


@settings(max_examples=8)
@given(
    st.integers(0, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(12, 80),
)
def test_constant_columns_change_nothing(place, value, n):
    X = NORMAL[:n]
    assert extract(np.insert(X, place, value, axis=1)) == extract(X)


@settings(max_examples=8)
@given(
    arrays(np.float64, 5, elements=st.floats(1e-6, 1e6)),
    arrays(np.float64, 5, elements=st.floats(-10, 10)),
)
def test_units_do_not_matter(scale, shift):
    X = np.column_stack([NORMAL[:120, :3], NORMAL[:120, 3:].round()])
    before, after = extract(X), extract((X + shift) * scale)
    for name in before:
        if name != "zero_share":  # where zero lies is the one thing a shift moves
            assert after[name] == pytest.approx(before[name], abs=0.05), name


def test_nothing_but_n_depends_on_rows_that_are_not_drawn():
    X = np.repeat(NORMAL, 2, axis=0)
    small, large = extract(X, max_samples=200), extract(X)
    assert small["log_n"] == large["log_n"] == np.log10(1200)
    assert large["duplicate_share"] > 0.35
    assert small["duplicate_share"] < large["duplicate_share"]


def test_chunks_are_the_rows_in_one_piece():
    X = RNG.randn(3000, 4)
    whole = extract(X)
    assert extract(iter(np.array_split(X, 7))) == whole
    assert extract([X[:10], X[10:]]) == whole
    assert extract(pd.DataFrame(X)) == whole
    assert extract(X[:40].tolist()) == extract(X[:40])


def test_seeds():
    X = RNG.randn(3000, 4)
    np.random.seed(5)  # noqa: NPY002
    assert extract(X, random_state=3) == extract(X, random_state=3)
    assert extract(X, random_state=3) != extract(X, random_state=4)
    after = np.random.rand()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    assert np.random.rand() == after  # noqa: NPY002


def test_dependence():
    x = RNG.randn(600, 1)
    together = extract(x + 0.05 * NORMAL)
    apart = extract(NORMAL)
    assert together["spearman_mean"] > 0.95 > 0.1 > apart["spearman_mean"]
    assert together["pc1_share"] > 0.9 > 0.3 > apart["pc1_share"]
    assert together["gain_permuted"] > apart["gain_permuted"] + 1
    assert abs(together["gain_copula"]) < 0.2  # all of it is linear
    curve = np.column_stack([x, x**2, np.cos(3 * x)]) + 0.02 * NORMAL[:, :3]
    curved = extract(curve)
    assert curved["gain_copula"] > 0.5
    assert curved["spline_gain"] > 0.3
    assert curved["agree_knn_dependency"] < 0.9
    assert curved["id_mle"] < 1 < extract(NORMAL)["id_mle"]


def test_types():
    X = np.column_stack(
        [
            RNG.randint(0, 2, 500) * 0.3,
            RNG.poisson(30, 500) * 0.01,
            RNG.randn(500),
            np.where(RNG.rand(500) < 0.8, 0, RNG.randn(500)),
        ]
    )
    meta = extract(X)
    assert meta["binary_share"] == 0.25
    assert meta["lattice_share"] == 0.25
    assert meta["mode_share"] > 0.3
    assert meta["zero_share"] == pytest.approx((X == 0).mean())


def test_tails_and_clusters():
    heavy = extract(RNG.standard_t(1.5, size=(800, 4)))
    light = extract(RNG.rand(800, 4))
    assert heavy["tail_median"] > light["tail_median"] + 1
    assert heavy["beyond_rows"] > 0.1 > light["beyond_rows"]
    groups = RNG.randn(800, 3) + 30 * RNG.randint(0, 3, size=(800, 1))
    assert extract(groups)["hopkins"] > extract(RNG.rand(800, 3))["hopkins"] + 0.15
    assert extract(groups)["bimodality"] > 0.555  # the value of a uniform
    X = np.concatenate([NORMAL, 9 + 0.1 * RNG.randn(25, 5)])  # a far, tight group
    assert extract(X)["top_clustered"] > extract(NORMAL)["top_clustered"] + 0.4


def test_the_profile_knows_what_preprocessing_hid():
    frame = pd.DataFrame({"a": ["x", "y", None, "x"] * 10, "b": np.arange(40.0)})
    profile = DataProfiler(cache=False).profile(frame)
    X = np.arange(80.0).reshape(40, 2)
    meta = extract(X, profile)
    assert meta["categorical_share"] == 0.5
    assert meta["missing_share"] == 0.125
    assert extract(X)["missing_share"] == 0


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[np.nan, 1.0]], "NaN"),
        ([[np.inf], [1.0]], "infinity"),
        ([np.ones((2, 3)), np.ones((2, 4))], "4 columns, those before it 3"),
        (iter([]), "Found no chunk"),
        (np.ones((0, 3)), "0 sample"),
    ],
)
def test_bad_input_is_a_clear_error(X, message):
    with pytest.raises(ValueError, match=message):
        extract(X)


@pytest.mark.parametrize("parameters", [{"max_samples": 1}, {"random_state": None}])
def test_bad_parameters_are_a_clear_error(parameters):
    with pytest.raises(ValueError, match="must be an integer of at least"):
        extract(NORMAL, **parameters)


def test_no_chunk_is_a_data_error():
    with pytest.raises(DataError):
        extract([np.ones((2, 3)), np.ones((2, 4))])


def test_a_vector_of_another_version_is_refused():
    values = dict(extract(NORMAL))
    assert MetaFeatures(values) == extract(NORMAL)
    with pytest.raises(ValueError, match=r"missing \['log_n'\], unknown \['size'\]"):
        MetaFeatures({"size" if k == "log_n" else k: v for k, v in values.items()})
    with pytest.raises(ValueError, match=r"\['hubness'\] are not finite"):
        MetaFeatures(values | {"hubness": np.nan})


@pytest.mark.flaky(reruns=2)  # by the clock
def test_costs_less_than_a_tenth_of_a_fit():
    X = np.random.RandomState(0).randn(10_000, 20)
    extract(X[:100])  # what is imported late is not counted
    AutonomousDetector(max_models=1).fit(X[:100])
    extracting = min(_seconds(lambda: extract(X)) for _ in range(3))
    fitting = _seconds(lambda: AutonomousDetector().fit(X))
    assert extracting < 0.1 * fitting


def _seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.mark.skipif("AUTONOMALY_DATA" not in os.environ, reason="AUTONOMALY_DATA unset")
def test_real_sets_differ_and_are_stable():
    vectors, again = [], []
    paths = sorted(Path(os.environ["AUTONOMALY_DATA"], "adbench").glob("*.npz"))[:8]
    for path in paths:
        X = np.load(path)["X"].astype(float)
        vectors.append(extract(X).to_array())
        again.append(extract(X, random_state=1).to_array())
    vectors, again = np.array(vectors), np.array(again)
    scale = vectors.std(axis=0)
    varies = scale > 0
    assert varies.mean() > 0.9
    # Another draw of rows moves a set less than sets differ.
    moved = np.abs(vectors - again)[:, varies] / scale[varies]
    assert np.median(moved) < 0.1
    distances = ((vectors[:, None] - again)[..., varies] / scale[varies]) ** 2
    recognised = distances.sum(axis=2).argmin(axis=1) == np.arange(len(paths))
    # A thousand rows of http hold four anomalies or none, and its tails follow them.
    assert recognised.sum() >= len(paths) - 1
