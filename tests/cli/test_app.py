import os
import signal
import subprocess
import sys

import pytest

import autonomaly


def _one_line(text):
    return text.startswith("autonomaly: error: ") and text.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["auto", "score", "profile", "Exit codes"]),
        (["auto"], ["detect"]),
        (["--help"], ["auto", "score", "profile"]),
        (["auto", "detect", "--help"], ["--dataset", "--memory-limit", "pickle"]),
        (["score", "--help"], ["--model", "pickle"]),
        (["profile", "--help"], ["--dataset"]),
    ],
)
def test_help(run, arguments, words):
    code, out, err = run(*arguments)
    assert code == 0
    assert err == ""
    for word in words:
        assert word in out
    assert "\x1b" not in out


@pytest.mark.parametrize("arguments", [[], ["auto", "detect"], ["score"], ["profile"]])
def test_help_shows_flags_as_flags(run, arguments):
    _, out, _ = run(*arguments, "--help")
    assert "--help" in out
    assert "<bool>" not in out


def test_the_command_to_begin_with_comes_first(run):
    _, out, _ = run("--help")
    assert out.index(" auto ") < out.index(" score ") < out.index(" profile ")


def test_version(run):
    assert run("--version") == (0, autonomaly.__version__ + "\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["auto", "detect", "-d", "sklearn:wine", "--n-jobs", "0"], ["--n-jobs", "-1"]),
        (["auto", "detect", "-d", "sklearn:wine", "-o", ""], ["--output is empty"]),
        (["auto", "detect", "-d", ""], ["empty string"]),
        (["detect"], ["No such command 'detect'"]),
        (["auto", "detct"], ["No such command 'detct'"]),
        (["auto", "detect"], ["Missing option", "--dataset"]),
        (["auto", "detect", "-d", "x", "--contaminaton", "1"], ["--contamination"]),
        (["auto", "detect", "-d", "x", "--contamination", "0.7"], ["0.7", "(0, 0.5]"]),
        (["auto", "detect", "-d", "x", "--contamination", "nan"], ["nan", "auto"]),
        (["auto", "detect", "-d", "x", "--max-models", "0"], ["--max-models", "1"]),
        (["auto", "detect", "-d", "x", "--algorithms", " ,"], ["--algorithms"]),
        (["auto", "detect", "-d", "x", "--save-model"], ["--output"]),
        (["auto", "detect", "-d", "x", "-q", "-v"], ["--quiet", "--verbose"]),
        (["auto", "detect", "-d", "x", "--seed", "one"], ["--seed", "integer"]),
        (["score", "--dataset", "x"], ["Missing option", "--model"]),
        (["score", "--model", "nothing", "--dataset", "x"], ["nothing: No such file"]),
        (["profile", "--dataset", "nothing.csv"], ["nothing.csv"]),
        (["profile", "--dataset", "sklearn:nothing"], ["nothing", "wine"]),
        (["auto", "detect", "--dataset", "nothing.csv"], ["nothing.csv"]),
    ],
)
def test_bad_input_is_one_line(run, arguments, words):
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert _one_line(err)
    for word in words:
        assert word in err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("header.csv", b"a,b\n"),
        ("binary.csv", bytes(range(256)) * 20),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n"),
        ("broken.json", b'{"a": ['),
        ("broken.npz", b"PK\x03\x04 not really"),
        ("broken.parquet", b"PAR1"),
        ("unknown.xyz", b"1,2\n"),
        ("one_row.csv", b"a,b\n1,2\n"),
    ],
)
def test_files_that_cannot_serve(run, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    code, out, err = run("auto", "detect", "--dataset", tmp_path / name)
    assert code == 2
    assert out == ""
    assert _one_line(err)


def test_a_directory_is_no_data_set(run, tmp_path):
    code, _, err = run("auto", "detect", "--dataset", tmp_path)
    assert code == 2
    assert _one_line(err)


def test_truncated_scores_in_latin_1_can_be_read(run, tmp_path):
    rows = "".join(f"caf\xe9,{i % 7}\n" for i in range(40))
    (tmp_path / "x.csv").write_bytes(("name,n\n" + rows).encode("latin-1"))
    code, out, err = run("profile", "--dataset", tmp_path / "x.csv")
    assert (code, err) == (0, "")
    assert "40 rows" in out


def _start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "autonomaly", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.skipif(os.name != "posix", reason="closing streams is for POSIX shells")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(tmp_path, closed):
    command = (
        f"{sys.executable} -m autonomaly profile -q -d sklearn:wine "
        f"-o {tmp_path / 'p.json'} {closed}"
    )
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "p.json").exists()
    done = subprocess.run(command.replace(" -q", ""), shell=True, capture_output=True)
    assert done.returncode == 0
    assert b"Error" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--help"], ["profile", "--dataset", "sklearn:wine"]]
)
def test_a_reader_that_goes_away_is_no_error(arguments):
    process = _start(*arguments)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 141


def test_a_terminal_that_speaks_ascii_only(tmp_path):
    (tmp_path / "x.csv").write_text("käse,b\n" + "ü,1\n" * 20, encoding="utf-8")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    process = _start("profile", "--dataset", tmp_path / "x.csv", env=environment)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert r"k\xe4se" in out


_SLOW = """
import time
from autonomaly import register_loader
from autonomaly.cli import main

class Slow:
    def can_load(self, source):
        return source == "slow:"

    def load(self, source, **options):
        print("loading", flush=True)
        time.sleep(60)

register_loader("slow", Slow())
main(["profile", "--dataset", "slow:"])
"""


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_interrupt():
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "loading\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_defects_are_told_apart_from_bad_input(run, monkeypatch):
    import autonomaly.cli._columns

    def broken(*arguments, **options):
        raise KeyError("x")

    monkeypatch.setattr(autonomaly.cli._columns, "load_dataset", broken)
    code, _, err = run("profile", "--dataset", "sklearn:wine")
    assert code == 1
    assert "a defect in autonomaly: KeyError" in err
    assert err.count("\n") == 1
    monkeypatch.setenv("AUTONOMALY_DEBUG", "1")
    from autonomaly.cli import main

    with pytest.raises(KeyError):
        main(["profile", "--dataset", "sklearn:wine"])
