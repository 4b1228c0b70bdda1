"""Search spaces: every way through them stays inside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest
from sklearn.pipeline import make_pipeline

from autonomaly.detectors import DetectorAdapter, LOFDetector, catalogue
from autonomaly.preprocessing import RobustView
from autonomaly.tuning import default_search_space
from autonomaly.tuning._spaces import Range, SearchSpace

ends = st.one_of(
    st.tuples(st.integers(1, 1000), st.integers(1, 1000)),
    st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)),
).filter(lambda pair: pair[0] != pair[1])


@settings(max_examples=60, deadline=None)
@given(ends, st.booleans(), st.integers(0, 2**31 - 1))
def test_ranges_stay_inside(pair, log, seed):
    axis = Range(min(pair), max(pair), log)
    rng = np.random.RandomState(seed)
    value = axis.rvs(random_state=rng)
    for _ in range(5):
        value = axis.near(value, rng)
        assert axis.contains(value)
        assert isinstance(value, int) == axis.is_integer
        assert axis.contains(axis.decode(np.nextafter(value, np.inf)))
    grid = axis.grid(5)
    assert grid[0] == axis.low
    assert grid[-1] == axis.high
    assert grid == sorted(set(grid))


def test_logarithmic_ranges_count_in_factors():
    rng = np.random.RandomState(0)
    drawn = [Range(1e-4, 1.0, True).rvs(random_state=rng) for _ in range(400)]
    assert 0.4 < np.mean(np.array(drawn) < 1e-2) < 0.6


def test_choices_may_be_anything():
    values = [None, True, 1, (2, 3), RobustView(), "a"]
    axis = SearchSpace({"p": values}).parts[0]["p"]
    for value in values:
        assert axis.contains(value)
        assert axis.decode(axis.encode(value)) is value
    assert not axis.contains(False)
    axis.dimension()  # scikit-optimize takes it


def test_children_come_from_their_parents():
    space = SearchSpace({"a": (1, 100), "b": ["x", "y"], "c": (0.0, 1.0)})
    rng = np.random.RandomState(0)
    first = {"a": 10, "b": "x", "c": 0.2}
    second = {"a": 90, "b": "y", "c": 0.9}
    children = [space.cross(first, second, rng) for _ in range(200)]
    assert all(space.part_of(child) is space.parts[0] for child in children)
    inherited = np.mean([c["a"] in (10, 90) for c in children])
    assert 0.4 < inherited < 0.9


def test_settings_are_counted():
    space = SearchSpace([{"a": (1, 4), "b": ["x", "y"]}, {"a": [None]}])
    assert space.sizes == [8, 1]
    assert space.n_settings == 9
    assert SearchSpace({"a": (0.0, 1.0), "b": [1]}).n_settings == np.inf


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({}, "is empty"),
        ([{"a": [1]}, {}], "is empty"),
        ("k", "must be a dict"),
        ({"k": (5, 5)}, "low must be less than high"),
        ({"k": (0, 5, "log")}, "low must be greater than 0"),
        ({"k": (1, 5, "lin")}, 'neither "log" nor "linear"'),
        ({"k": ("a", "b")}, "not a range between two finite numbers"),
        ({"k": []}, "is not a valid entry"),
        ({"k": 3}, "is not a valid entry"),
    ],
)
def test_bad_spaces_are_explained(space, said):
    with pytest.raises(ValueError, match=said):
        SearchSpace(space)


@pytest.mark.parametrize("spec", catalogue().values(), ids=lambda spec: spec.name)
def test_the_catalogue_can_be_searched(spec):
    if not spec.search_space:
        pytest.skip("this detector has no hyperparameter worth searching")
    detector = spec.make()
    names = {
        name.removeprefix("detector__")
        for name in default_search_space(make_pipeline(RobustView(), detector))
    }
    assert {name.rsplit("__", 1)[-1] for name in names} == set(spec.search_space)
    rng = np.random.RandomState(0)
    (part,) = SearchSpace(spec.search_space).parts
    spec.make(**{name: axis.rvs(random_state=rng) for name, axis in part.items()})


def test_default_spaces_are_found_inside_of_wrappers():
    space = default_search_space(
        make_pipeline(RobustView(), DetectorAdapter(estimator=IsolationForest()))
    )
    assert set(space) == {"detectoradapter__estimator__n_estimators"}
    assert set(default_search_space(LOFDetector())) == {"n_neighbors"}
    with pytest.raises(ValueError, match="Pass search_space"):
        default_search_space(RobustView())
