# SPDX-License-Identifier: Apache-2.0
"""What the README shows is what happens, and its links lead somewhere."""
import doctest
import json
import re
import subprocess
import sys

import pytest
import skimage.data
from PIL import Image

from convserve_process import REPOSITORY, Convserve

READMES = sorted(
    path for pattern in ("*.md", "Benchmarks/*.md", "Examples/*.md", "Sources/*/README.md")
    for path in REPOSITORY.glob(pattern))
TEXT = (REPOSITORY / "README.md").read_text()
DEFAULT = "http://127.0.0.1:8080"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("block", blocks("console"))
def test_shell_calls(server, block):
    command, shown = block.removeprefix("$ ").split("\n", 1)
    done = subprocess.run(
        ["bash", "-c", command.replace(DEFAULT, server.url)], capture_output=True, text=True,
        timeout=20)
    answer, shown = json.loads(done.stdout), json.loads(shown)
    for varies in ("algorithm", "request_id"):
        answer.pop(varies, None), shown.pop(varies, None)
    assert answer == shown


@pytest.mark.parametrize("block", blocks("pycon"))
def test_notebook_calls(server, block):
    test = doctest.DocTestParser().get_doctest(
        block.replace(DEFAULT, server.url), {}, "README.md", "README.md", 0)
    said = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert result.attempted >= 2 and result.failed == 0, "".join(said)


def test_every_default_of_the_limits_table():
    with Convserve() as server:
        limits = server.session.get(server.url + "/v1").json()["limits"]
    for name, value in limits.items():
        row = re.search(rf"\| `--{name.replace('_', '-')}` \| `CONVSERVE_{name.upper()}` \| (\d+)", TEXT)
        assert row and int(row[1]) == value, name


def test_the_tour_by_curl(server):
    done = subprocess.run(
        ["bash", REPOSITORY / "Examples/curl.sh"], capture_output=True, text=True, timeout=30,
        env={"PATH": "/usr/bin:/bin", "CONVSERVE_URL": server.url})
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"')]
    assert len(answers) == 7
    assert [a.get("status", 200) for a in answers] == [200] * 6 + [422]


def test_the_edges_of_a_photograph(server, tmp_path):
    photograph, edges = tmp_path / "camera.png", tmp_path / "edges.png"
    Image.fromarray(skimage.data.camera()).save(photograph)
    done = subprocess.run(
        [sys.executable, REPOSITORY / "Examples/edges.py", photograph, edges], text=True,
        capture_output=True, timeout=60, env={"PATH": "/usr/bin:/bin", "CONVSERVE_URL": server.url})
    assert done.returncode == 0, done.stderr
    assert Image.open(edges).size == (512, 512)


def test_the_cells_of_the_notebook(server, capsys):
    source = (REPOSITORY / "Examples/notebook.py").read_text().replace(DEFAULT, server.url)
    exec(compile(source, "notebook.py", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == "True" and "torch.Size([1, 4, 32, 32]) True" in printed
    assert "groups is 4" in printed
