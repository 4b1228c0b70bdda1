"""Sphinx configuration."""

import sys
from pathlib import Path

from sphinx.util import logging

import autonomaly

LOGGER = logging.getLogger(__name__)
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from api_reference import API_REFERENCE, own_methods, write_pages  # noqa: E402

project = "autonomaly"
author = "The autonomaly developers"
copyright = "2026, the autonomaly developers"
release = version = autonomaly.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates"]
default_role = "py:obj"

templates_path = ["_templates"]
autosummary_generate = True
autosummary_context = {"own_methods": own_methods()}
autodoc_typehints = "none"
numpydoc_show_class_members = False
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}

sphinx_gallery_conf = {
    "examples_dirs": [str(HERE.parent / "examples")],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": "plot_",
    "download_all_examples": False,
    "show_memory": False,
    "abort_on_example_error": True,
    "capture_repr": (),
}

html_theme = "pydata_sphinx_theme"
html_title = "autonomaly"
html_show_sourcelink = False
html_theme_options = {"show_toc_level": 2}

write_pages(API_REFERENCE, HERE / "api")


def _protect_underscores(app, what, name, obj, options, lines):
    # In the type of a parameter a trailing underscore would begin a link.
    lines[:] = [
        line.replace("(n_features_in_,)", "(`n_features_in_`,)") for line in lines
    ]


def _check_methods(app, env):
    objects = env.domains.python_domain.objects
    for owner, methods in autosummary_context["own_methods"].items():
        for method in methods:
            if f"{owner}.{method}" not in objects:
                LOGGER.warning("%s.%s is not in the reference", owner, method)


def setup(app):
    # before numpydoc, which listens with the usual priority of 500
    app.connect("autodoc-process-docstring", _protect_underscores, priority=100)
    app.connect("env-check-consistency", _check_methods)
