"""Profiles are kept, and users add sections of their own."""

import numpy as np
import pandas as pd
import pytest

from autonomaly.profiling import (
    DataProfile,
    DataProfiler,
    clear_profile_cache,
    profile_cache_info,
    register_profiler,
    registered_profilers,
    unregister_profiler,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_cache_is_used_and_bounded(rng):
    clear_profile_cache()
    X = rng.normal(size=(200, 3))
    first = DataProfiler().profile(X)
    again = DataProfiler().profile(X.copy())
    assert profile_cache_info()[:2] == (1, 1)
    assert again == first
    assert again.merge(first).n_samples == 400
    DataProfiler(sample_size=100).profile(X)
    X[0, 0] += 1e-9
    changed = DataProfiler(mergeable=False).profile(X)
    assert profile_cache_info()[:2] == (1, 3)
    assert changed.feature("x0").mean != first.feature("x0").mean
    assert not changed.mergeable
    for i in range(40):
        DataProfiler().profile(np.full((2, 1), float(i)))
    assert profile_cache_info().size == profile_cache_info().max_size == 32
    clear_profile_cache()
    DataProfiler(random_state=None).profile(X)
    DataProfiler(cache=False).profile(X)
    assert profile_cache_info() == (0, 0, 32, 0)


def test_cache_tells_names_and_roles_apart(rng):
    X = rng.normal(size=(30, 2))
    a = DataProfiler().profile(pd.DataFrame(X, columns=["a", "b"]))
    b = DataProfiler().profile(pd.DataFrame(X, columns=["a", "c"]))
    assert [f.name for f in a.features] != [f.name for f in b.features]
    bits = DataProfiler().profile(X.view(np.int64))
    assert bits.feature("x0").mean == pytest.approx(X.view(np.int64)[:, 0].mean())
    c = DataProfiler().profile(X, {"x0": "identifier", "x1": "numeric"})
    assert c.types != DataProfiler().profile(X).types


@pytest.fixture
def cleanup():
    yield
    for name in registered_profilers():
        unregister_profiler(name)


@pytest.mark.usefixtures("cleanup")
def test_registered_profilers(rng):
    X = rng.normal(size=(60, 2))
    plain = DataProfiler().profile(X)
    assert plain.custom == {}
    register_profiler("rows", lambda X: {"n": np.int64(len(X))}, merge=_add)
    register_profiler("broken", lambda X: 1 / 0)
    found = DataProfiler().profile(X)  # not the one cached before
    assert found.custom == {
        "rows": {"n": 60},
        "broken": {"failed": "ZeroDivisionError: division by zero"},
    }
    found.custom["rows"]["n"] = 0
    assert DataProfiler().profile(X).custom["rows"] == {"n": 60}
    assert DataProfile.from_dict(found.to_dict()) == found
    merged = DataProfiler().profile_chunks([X, X[:5]])
    assert merged.custom == {"rows": {"n": 65}}
    parts = DataProfiler().profile(X), DataProfiler().profile(X[:5])
    assert parts[0].merge(parts[1]).custom == {"rows": {"n": 65}}
    unregister_profiler("broken")
    assert list(DataProfiler().profile(X).custom) == ["rows"]
    register_profiler("rows", len)  # one's own may be replaced
    assert DataProfiler().profile(X).custom == {"rows": 60}


@pytest.mark.usefixtures("cleanup")
def test_sections_may_depend_on_more_than_the_cells(rng):
    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    register_profiler("first", lambda X: str(X.index[0]))
    assert DataProfiler().profile(X).custom == {"first": "0"}
    assert DataProfiler().profile(X.set_axis(X.index + 5)).custom == {"first": "5"}


def _add(sections):
    return {"n": sum(section["n"] for section in sections)}


@pytest.mark.usefixtures("cleanup")
def test_bad_registrations():
    register_profiler("mine", len)
    for name, message in (
        ("size", "part of every profile"),
        ("not a name", "identifier"),
    ):
        with pytest.raises(ValueError, match=message):
            register_profiler(name, len)
    with pytest.raises(TypeError, match="callable"):
        register_profiler("other", 3)
    with pytest.raises(ValueError, match="did you mean 'mine'"):
        unregister_profiler("mine_")
