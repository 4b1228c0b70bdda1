import json

from autonomaly import DataProfile


def test_profile(run, orders, tmp_path):
    code, out, err = run(
        "profile", "--dataset", orders, "--output", tmp_path / "profile.json"
    )
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    assert "orders: 120 rows, 5 columns" in text
    for name in ("amount", "items", "country"):
        assert name in text
    state = json.loads((tmp_path / "profile.json").read_text("utf-8"))
    assert DataProfile.from_dict(state).n_samples == 120


def test_columns_can_be_left_out(run, orders):
    code, out, _ = run("profile", "-d", orders, "--ignore-column", "country")
    assert code == 0
    assert "country" not in out


def test_quiet_writes_only(run, orders, tmp_path):
    path = tmp_path / "p.json"
    assert run("profile", "-d", orders, "-o", path, "-q") == (0, "", "")
    assert run("profile", "-d", orders, "-o", path, "-q") == (0, "", "")
    assert path.is_file()
