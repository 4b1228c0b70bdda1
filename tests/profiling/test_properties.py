"""Properties that hold for the profile of any table."""

import dataclasses
import json
import warnings

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autonomaly.profiling import DataProfile, DataProfiler

PROFILER = DataProfiler(cache=False)
SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck)
)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)
RATIOS = (
    "missing_values_ratio", "duplicate_ratio", "correlation_score", "sparsity_ratio",
    "linear_dependence", "discrete_ratio", "heavy_tail_ratio", "complexity_score",
    "recommended_contamination",
)  # fmt: skip


def check_invariants(profile, n_rows, n_columns):
    assert (profile.n_samples, profile.n_features) == (n_rows, n_columns)
    assert len(profile.features) == n_columns
    quality = profile.quality
    values = {name: getattr(profile, name) for name in RATIOS}
    values |= {
        name: value
        for name, value in dataclasses.asdict(quality).items()
        if name.endswith(("ratio", "level", "score"))
    }
    values |= dict(quality.outlier_ratios) | dict(profile.complexity.components)
    for feature in profile.features:
        for name, value in dataclasses.asdict(feature).items():
            if value is None or isinstance(value, str | bool):
                continue
            assert np.isfinite(value), (name, value)
            if name.endswith(("ratio", "level", "pvalue", "distance")) or name in (
                "information_content", "redundancy", "importance",
            ):  # fmt: skip
                values[name, feature.name] = value
    outside = {name: value for name, value in values.items() if not 0 <= value <= 1}
    assert not outside
    assert 0 < profile.recommended_contamination <= 0.5
    total = sum(profile.feature_importance.values())
    assert total == 0 or abs(total - 1) < 1e-9
    counts = dataclasses.asdict(profile.types)
    counts.pop("label")
    assert sum(counts.values()) == n_columns
    assert 0 <= quality.duplicates < n_rows
    assert 0 <= profile.effective_rank <= n_columns + 1e-9
    text = json.dumps(profile.to_dict(), allow_nan=False)
    assert DataProfile.from_dict(json.loads(text)) == profile
    assert str(profile)


@SETTINGS
@given(
    hnp.arrays(
        np.float64,
        SHAPES,
        elements=st.one_of(
            st.floats(allow_nan=True, allow_infinity=True, width=64),
            st.sampled_from([0.0, -0.0, 1.0, 1e-300, 1e308, -1e308, 5e-324]),
        ),
    )
)
def test_any_float_array(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        profile = PROFILER.profile(X)
    check_invariants(profile, *X.shape)
    assert profile.quality.missing_values == np.isnan(X).sum()
    assert profile.quality.infinite_ratio == np.isinf(X).mean()
    finite = np.isfinite(X)
    if finite.any():
        zeros = (X[finite] == 0).mean()
        np.testing.assert_allclose(profile.sparsity_ratio, zeros, atol=1e-12)


@SETTINGS
@given(hnp.arrays(st.sampled_from([np.int8, np.uint64, np.float32, bool]), SHAPES))
def test_any_other_numeric_array(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_invariants(PROFILER.profile(X), *X.shape)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.dates(),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
)


@SETTINGS
@given(st.data())
def test_any_frame_of_objects(data):
    n_rows = data.draw(st.integers(1, 15))
    n_columns = data.draw(st.integers(1, 4))
    X = pd.DataFrame(
        {
            f"c{j}": pd.Series(
                data.draw(st.lists(CELLS, min_size=n_rows, max_size=n_rows)),
                dtype=object,
            )
            for j in range(n_columns)
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_invariants(PROFILER.profile(X), n_rows, n_columns)


@SETTINGS
@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=30),
        elements=st.one_of(
            st.floats(-1e6, 1e6), st.sampled_from([np.nan, np.inf, 0.0, 1.0])
        ),
    ),
    st.data(),
)
def test_chunks_merge_into_the_whole(X, data):
    cut = data.draw(st.integers(1, len(X) - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        merged = PROFILER.profile(X[:cut]).merge(PROFILER.profile(X[cut:]))
        whole = PROFILER.profile(X)
    check_invariants(merged, *X.shape)
    assert merged.quality.duplicates == whole.quality.duplicates
    assert merged.quality.missing_values == whole.quality.missing_values
    for a, b in zip(merged.features, whole.features, strict=True):
        for name in ("role", "n_missing", "n_infinite", "n_distinct", "zero_ratio",
                     "minimum", "maximum", "q25", "median", "q75"):  # fmt: skip
            assert getattr(a, name) == getattr(b, name), name
        if a.mean is not None:
            scale = max(abs(a.minimum), abs(a.maximum))
            assert abs(a.mean - b.mean) <= 1e-12 * scale
            assert abs(a.std - b.std) <= 1e-9 * b.std + 1e-12 * scale


def test_few_rows():
    for n_rows in range(1, 12):
        X = np.random.default_rng(n_rows).normal(size=(n_rows, 3))
        check_invariants(PROFILER.profile(X), n_rows, 3)
