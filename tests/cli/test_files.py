import errno
import json
import os
import tempfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector
from autonomaly.cli import _files
from autonomaly.exceptions import DataError


@pytest.fixture
def table():
    values = [[0, 1], [-0.5, -0.1], [0.01, 1.0], [-1, 1]]
    return pd.DataFrame(dict(zip(_files.SCORE_COLUMNS, values, strict=True)))


def test_scores_survive_the_file(tmp_path, table):
    _files.write_files({tmp_path / "scores.csv": table})
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "scores.csv"), table)
    assert list(table.columns) == ["row", "score", "p_value", "label"]


@pytest.mark.parametrize("labels", ["ignore", "use"])
def test_pvalues_and_labels_are_those_of_the_detector(labels):
    X = np.random.RandomState(0).normal(size=(150, 3))
    X[:4] += 5
    y = np.full(150, np.nan)
    y[:20] = np.r_[np.ones(4), np.zeros(16)]
    detector = AutonomousDetector(labels=labels, max_models=2).fit(X, y)
    table = _files.score_table(detector, X)
    np.testing.assert_allclose(table["p_value"], detector.outlier_pvalues(X))
    np.testing.assert_array_equal(table["label"], detector.predict(X))


def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("old")

    def write_half():
        with _files.atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_written_files_have_the_usual_rights(tmp_path, table, monkeypatch):
    # Setting it, even for a moment, would change the files of other threads.
    monkeypatch.delattr(os, "umask")
    (tmp_path / "other").touch()
    _files.write_files({tmp_path / "scores.csv": table})
    usual = (tmp_path / "other").stat().st_mode
    assert (tmp_path / "scores.csv").stat().st_mode == usual


def test_results_of_an_earlier_run_may_be_replaced(tmp_path, table):
    _files.write_files({tmp_path / "scores.csv": table})
    (tmp_path / "record.json").write_text('{"schema_version": 1, "decisions": []}')
    model = AutonomousDetector(max_models=1).fit(np.arange(40.0).reshape(20, 2))
    _files.write_files({tmp_path / "model.joblib": model})
    names = ["scores.csv", "record.json", "model.joblib"]
    assert _files.prepare_directory(tmp_path, names, []) == tmp_path
    with pytest.raises(DataError, match=r"model\.joblib is from an earlier run"):
        _files.prepare_directory(tmp_path, names[:2], [])


def test_a_model_is_not_known_by_its_company(tmp_path):
    (tmp_path / "record.json").write_text('{"schema_version": 1, "decisions": []}')
    joblib.dump({"precious": 1}, tmp_path / "model.joblib")
    with pytest.raises(DataError, match="not written by autonomaly"):
        _files.prepare_directory(tmp_path, ["record.json", "model.joblib"], [])
    assert _files.prepare_directory(tmp_path, ["record.json"], []) == tmp_path


def test_files_are_written_together_or_not_at_all(tmp_path, table):
    class Full:
        def to_csv(self, path, index):
            raise OSError(errno.ENOSPC, "No space left on device")

    first, second = tmp_path / "scores.csv", tmp_path / "more.csv"
    first.write_text("old")
    with pytest.raises(OSError, match=r"No space left.*more\.csv"):
        _files.write_files({first: table, second: Full()})
    assert first.read_text() == "old"
    assert list(tmp_path.iterdir()) == [first]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a regular file"):
        _files.check_replaceable(tmp_path / "pipe")


def test_links_stay_and_rights_too(tmp_path, table):
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "scores.csv", tmp_path / "link.csv"
    _files.write_files({real: table})
    real.chmod(0o640)
    link.symlink_to(real)
    _files.write_files({link: table[:1]})
    assert link.is_symlink()
    assert len(pd.read_csv(real)) == 1
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scores.csv", "name,points\nAda,3\n"),
        ("scores.csv", b"\xff\xfe\x00"),
        ("record.json", '{"mine": 1}'),
        ("record.json", '{"schema_version": 7, "mine": 1}'),
        ("record.json", "no json"),
        ("model.joblib", "somebody's model"),
    ],
)
def test_foreign_files_are_not_overwritten(tmp_path, name, content):
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match="not written by autonomaly"):
        _files.prepare_directory(tmp_path, [name], [])
    assert (tmp_path / name).read_bytes() == data


def test_what_is_read_is_not_overwritten(tmp_path, table):
    path = tmp_path / "scores.csv"
    _files.write_files({path: table})
    with pytest.raises(DataError, match="an input of this run"):
        _files.check_replaceable(path, [str(path)])


def test_output_directories_are_made(tmp_path):
    made = _files.prepare_directory(tmp_path / "a" / "b", ["scores.csv"], [])
    assert made.is_dir()


def test_a_file_is_no_output_directory(tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(DataError, match="pass a directory"):
        _files.prepare_directory(tmp_path / "x", [], [])


@pytest.fixture
def locked():
    """A directory that this user may read and not write, whoever it is."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o555)
        root = os.geteuid() == 0
        if root:  # nothing is refused to root
            os.seteuid(65534)
        try:
            yield Path(directory)
        finally:
            if root:
                os.seteuid(0)
            os.chmod(directory, 0o700)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX rights")
def test_a_directory_without_rights_is_refused(locked):
    with pytest.raises(DataError, match="is not writable"):
        _files.prepare_directory(locked, [], [])
    with pytest.raises(DataError, match=r"of p\.json is not writable; choose"):
        _files.check_replaceable(locked / "p.json")


def test_output_file_needs_a_directory(tmp_path):
    with pytest.raises(DataError, match="is not a directory"):
        _files.check_replaceable(tmp_path / "a" / "scores.csv")
    with pytest.raises(DataError, match="is a directory"):
        _files.check_replaceable(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"\x80\x04", b"\x78\x9c", b"row,score\n1,2\n", bytes(range(256))],
)
def test_files_that_are_no_model(tmp_path, content):
    (tmp_path / "model.joblib").write_bytes(content)
    with pytest.raises(DataError, match="is not an autonomaly model"):
        _files.load_model(str(tmp_path / "model.joblib"))


def test_models_of_others(tmp_path):
    path = str(tmp_path / "model.joblib")
    joblib.dump({"a": 1}, path)
    with pytest.raises(DataError, match="holds a dict"):
        _files.load_model(path)


def test_model_path_must_be_a_file(tmp_path):
    with pytest.raises(DataError, match="is a directory"):
        _files.load_model(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        _files.load_model(str(tmp_path / "nothing"))


def test_text_is_utf8(tmp_path):
    text = json.dumps("é", ensure_ascii=False)
    _files.write_files({tmp_path / "record.json": text})
    assert (tmp_path / "record.json").read_bytes() == '"é"\n'.encode()
