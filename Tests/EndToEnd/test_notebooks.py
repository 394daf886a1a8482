# SPDX-License-Identifier: Apache-2.0
"""Each notebook of Examples runs from top to bottom, and shows what is stored in it."""
import re

import nbformat
import pytest

from notebooks import EXAMPLES, NOTEBOOKS, code_cells, run, words

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each
def test_runs_and_says_what_is_stored(server, path):
    stored, ran = code_cells(nbformat.read(path, as_version=4)), code_cells(run(path, server.url))
    for before, now in zip(stored, ran, strict=True):
        if "varies" not in before.metadata.get("tags", []):
            assert words(now) == words(before), f"{before.id}: `make notebooks` stores what it says"


@each
def test_is_stored_as_it_ran_once(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [output.output_type for cell in cells for output in cell.outputs]
    assert kinds and "error" not in kinds


@each
def test_links_lead_somewhere(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
            assert target.startswith("https://") or (path.parent / target).exists(), target


def test_every_example_is_listed():
    listed = re.findall(r"^\| \[.*?\]\((.*?)\)", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.iterdir()
                                    if path.suffix in {".ipynb", ".sh", ".py"})
