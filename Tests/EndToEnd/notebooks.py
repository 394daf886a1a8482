# SPDX-License-Identifier: Apache-2.0
"""Runs the notebooks of Examples and stores what they show: `make notebooks`.

    python Tests/EndToEnd/notebooks.py [NOTEBOOK.ipynb ...]
"""
import pathlib
import sys

import nbclient
import nbformat

from convserve_process import REPOSITORY, Convserve, environment

EXAMPLES = REPOSITORY / "Examples"
NOTEBOOKS = sorted(EXAMPLES.rglob("*.ipynb"))


def run(path, url):
    """The notebook as it is after all its cells ran in order, in a kernel of this Python."""
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, kernel_name="python3", timeout=60, record_timing=False, coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"], resources={"metadata": {"path": str(path.parent)}})
    client.execute(env=environment(
        CONVSERVE_URL=url, MPLBACKEND="module://matplotlib_inline.backend_inline"))
    notebook.metadata.language_info = {"name": "python"}  # not whose version ran it
    for cell in code_cells(notebook):  # such as that fonts are being looked for, once
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def words(cell):
    """What a cell shows as text; of a picture its size."""
    return [output.text if output.output_type == "stream" else output.data["text/plain"]
            for output in cell.outputs]


def main():
    chosen = [pathlib.Path(name).resolve() for name in sys.argv[1:]] or NOTEBOOKS
    with Convserve() as server:
        for path in chosen:
            nbformat.write(run(path, server.url), path)
            print(f"{path.name}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
