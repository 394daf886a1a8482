# SPDX-License-Identifier: Apache-2.0
"""What the README shows is what happens, and its links lead somewhere."""
import doctest
import json
import re
import subprocess

import pytest

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


def test_notebook_calls(server):
    """One after the other in one session, as a reader types them."""
    cells = "".join(blocks("pycon")).replace(DEFAULT, server.url)
    test = doctest.DocTestParser().get_doctest(cells, {}, "README.md", "README.md", 0)
    said = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert result.attempted == cells.count(">>> ") and result.failed == 0, "".join(said)


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
