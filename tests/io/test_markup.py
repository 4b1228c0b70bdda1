import pytest

from autonomaly import load_dataset
from autonomaly.exceptions import LoadError

PAGE = b"<!DOCTYPE html>\n<html><body>a, b, c<br>\n1, 2, 3</body></html>\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PAGE, "is a web page"),
        (b"\xef\xbb\xbf\n" + PAGE, "is a web page"),
        (b"<HTML>\na,b\n1,2\n", "is a web page"),
        (b"<?xml version='1.0'?>\n<a>1,2</a>\n", "is an XML file"),
    ],
)
def test_pages_are_no_tables(tmp_path, content, kind):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(LoadError, match=f"{kind}, not a table.* Download the table"):
        load_dataset(tmp_path / "t.csv")


def test_tags_inside_of_a_table_are_values(tmp_path):
    (tmp_path / "t.csv").write_text("<b>a</b>,b\n<html>,1\nx,2\n")
    assert load_dataset(tmp_path / "t.csv").data.shape == (2, 2)
