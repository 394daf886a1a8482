# SPDX-License-Identifier: Apache-2.0
"""Damaged checkpoints are errors that name the tensor; files are whole or not there, and as large as a disk holds."""
import contextlib
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from checkpoints import by_http, conv_bn_net, failed, Fused, header_of, refused
from convserve_process import BINARY, environment, run

# ---- damage -------------------------------------------------------------------------------------


def edited(change):
    """The header as JSON, changed."""
    def damage(content):
        length, header = int.from_bytes(content[:8], "little"), header_of(content)
        text = change(header)
        text = text if isinstance(text, str) else json.dumps(header)
        return len(text).to_bytes(8, "little") + text.encode() + content[8 + length:]
    return damage


def entry(name, **fields):
    return edited(lambda header: header[name].update(fields))


def valued(name, change):
    """A tensor of the state changed."""
    def damage(content):
        state = load(content)
        state[name] = change(state[name].clone())
        return save(state)
    return damage


def with_value(number):
    def change(tensor):
        tensor[3] = number
        return tensor
    return change


VAR, NORM, WEIGHT = "layers.1.bn.running_var", "layers.1.bn.bias", "layers.1.conv.weight"
DAMAGE = {
    "empty": (lambda content: b"", ""),
    "a few bytes": (lambda content: content[:5], ""),
    "header cut off": (lambda content: content[:100], ""),
    "last tensor cut off": (lambda content: content[:-5], WEIGHT),
    "bytes left over": (lambda content: content + b"more", ""),
    "a huge header": (lambda content: (1 << 62).to_bytes(8, "little") + content[8:], ""),
    "a negative header": (lambda content: b"\xff" * 8 + content[8:], ""),
    "no JSON": (edited(lambda header: "{" + json.dumps(header)), ""),
    "a list": (edited(lambda header: json.dumps([header])), ""),
    "no UTF-8": (lambda content: content[:9] + b"\xff\xfe" + content[11:], ""),
    "a name twice": (edited(lambda header: json.dumps(header)[:-1] + f', "{NORM}": ' + json.dumps(header[NORM]) + "}"), NORM),
    "overlapping": (edited(lambda header: header[NORM].update(shape=[9], data_offsets=[
        header[NORM]["data_offsets"][0] - 4, header[NORM]["data_offsets"][1]])), NORM),
    "twice the same": (edited(lambda header: header[NORM].update(data_offsets=header[VAR]["data_offsets"])), "layers.1.bn"),
    "a gap": (edited(lambda header: header.pop(NORM)), ""),
    "beyond the end": (entry(NORM, data_offsets=[1 << 40, (1 << 40) + 32]), "layers.1.bn"),
    "backwards": (entry(NORM, data_offsets=[64, 32]), NORM),
    "another shape": (entry(WEIGHT, shape=[8, 8, 3, 4]), WEIGHT),
    "a huge shape": (entry(WEIGHT, shape=[1 << 32, 1 << 32, 3, 3]), WEIGHT),
    "a negative shape": (entry(WEIGHT, shape=[-8, 8, 3, -3]), WEIGHT),
    "another dtype": (entry(WEIGHT, dtype="F12"), WEIGHT),
    "no offsets": (edited(lambda header: header[NORM].pop("data_offsets")), NORM),
    "mixed up": (valued(NORM, lambda tensor: torch.zeros(7)), NORM),
    "another width": (lambda content: save({name: torch.ones(7) if tensor.dim() == 1 and "layers.1" in name else tensor
                                            for name, tensor in load(content).items()}), "layers.1.bn"),
    "a matrix for a norm": (valued(NORM, lambda tensor: torch.zeros(8, 1)), NORM),
    "NaN": (valued(VAR, with_value(float("nan"))), VAR),
    "negative": (valued(VAR, with_value(-0.5)), VAR),
    "infinite": (valued(NORM, with_value(float("inf"))), NORM),
    "NaN in a weight": (valued(WEIGHT, with_value(float("nan"))), WEIGHT),
}
damages = pytest.mark.parametrize("kind", DAMAGE)


def damaged(kind):
    damage, name = DAMAGE[kind]
    return damage(save(conv_bn_net().state_dict())), name


@damages
def test_damage_by_http(server, kind):
    content, name = damaged(kind)
    error = refused(server, content)
    assert name in error["detail"] and error["detail"]
    if name:
        assert error["pointer"].startswith(f"/{name}")


@damages
def test_damage_by_the_command(tmp_path, kind):
    content, name = damaged(kind)
    assert name in failed(tmp_path, content)


def test_names_that_have_to_be_escaped_in_pointers(server):
    state = {name.replace("layers.1", "a/b~c"): tensor for name, tensor in conv_bn_net().state_dict().items()}
    state["a/b~c.bn.running_var"][0] = -1
    assert refused(server, state)["pointer"].startswith("/a~1b~0c.bn.running_var")


def test_a_variance_of_zero_without_eps(server):
    state = conv_bn_net().state_dict()
    state[VAR][2] = 0
    by_http(server, state)
    assert VAR in refused(server, state, eps=0)["pointer"]


# ---- files --------------------------------------------------------------------------------------


def test_where_the_file_goes(tmp_path):
    content = save(conv_bn_net().state_dict())
    source = tmp_path / "net.safetensors"
    source.write_bytes(content)
    for arguments in [(source, tmp_path / "none" / "out.safetensors"), (tmp_path / "none.safetensors", tmp_path / "out.safetensors"),
                      (source, tmp_path), (tmp_path, tmp_path / "out.safetensors"),
                      (source, tmp_path / "out.safetensors", "--report", tmp_path / "none" / "report.json")]:
        code, out, err = run("fuse", *arguments)
        assert code == 1 and not out and err.count("\n") == 1 and str(tmp_path) in err, (code, out, err)
        assert [path.name for path in tmp_path.iterdir()] == [source.name]
    code, _, err = run("fuse", source, f"{tmp_path}/./net.safetensors")
    assert code == 0, err
    assert Fused(source.read_bytes()).report["source_sha256"] == hashlib.sha256(content).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_a_link_is_written_through_or_replaced_but_its_target_is_whole(tmp_path):
    source, target, link = (tmp_path / name for name in ("in.safetensors", "real.safetensors", "link.safetensors"))
    source.write_bytes(save(conv_bn_net().state_dict()))
    target.write_bytes(b"what was there")
    link.symlink_to(target)
    assert run("fuse", source, link)[0] == 0
    Fused(link.read_bytes())
    assert target.read_bytes() in (b"what was there", link.read_bytes())


def test_what_others_may_read_they_may_read_then(tmp_path):
    """A new file has the permissions that the shell's umask leaves, not those of a temporary one."""
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    source.write_bytes(save(conv_bn_net().state_dict()))
    assert run("fuse", source, target)[0] == 0
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_disk_that_is_full(tmp_path):
    source, target = tmp_path / "in.safetensors", tmp_path / "output" / "out.safetensors"
    target.parent.mkdir()
    sparse_checkpoint(source, pairs(4))

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run([BINARY, "fuse", source, target], capture_output=True, text=True, timeout=60, env=environment(),
                          restore_signals=False, preexec_fn=limited)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert list(target.parent.iterdir()) == []


def pairs(count, kept=0):
    """Names and shapes of convolutions of 18 MiB with norms, and of a tensor of `kept` numbers."""
    shapes = {"embedding": [kept]} if kept else {}
    for layer in range(count):
        shapes[f"layers.{layer}.conv.weight"] = [512, 1024, 3, 3]
        shapes |= {f"layers.{layer}.bn.{name}": [512] for name in ("weight", "bias", "running_mean", "running_var")}
    return shapes


def sparse_checkpoint(path, shapes, values={}):
    """A file of zeros that takes no time and no space, but for the given values."""
    header, end = {}, 0
    for name, shape in shapes.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * int(np.prod(shape))]}
        end = header[name]["data_offsets"][1]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, array in values.items():
            file.seek(8 + len(text) + header[name]["data_offsets"][0])
            file.write(array.astype("<f4").tobytes())
        file.truncate(8 + len(text) + end)


@contextlib.contextmanager
def started(*arguments):
    process = subprocess.Popen([BINARY, "fuse", *arguments], env=environment(), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def written(process):
    """Bytes so far; the file has no name yet."""
    return int(re.search(r"wchar: (\d+)", pathlib.Path(f"/proc/{process.pid}/io").read_text())[1])


@contextlib.contextmanager
def removed(*paths):
    """Gigabytes are not left to pytest, which keeps the directories of some runs."""
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


@pytest.mark.parametrize("existing", [False, True])
def test_killed_while_it_writes(tmp_path, existing):
    source, target = tmp_path / "in.safetensors", tmp_path / "output" / "out.safetensors"
    target.parent.mkdir()
    sparse_checkpoint(source, pairs(20, kept=1 << 28))
    if existing:
        target.write_bytes(b"what was there")
    with removed(source), started(source, target) as process:
        deadline = time.monotonic() + 60
        while written(process) < 1 << 20:
            assert process.poll() is None and time.monotonic() < deadline, "it ended before it was killed"
            time.sleep(0.002)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert (target.read_bytes() == b"what was there") if existing else not target.exists()
        # Where the file system has nameless files, nothing is left at all.
        left = {path.name for path in target.parent.iterdir()} - {target.name}
        assert all(name.startswith(".convserve.") for name in left)
        for path in target.parent.iterdir():
            path.unlink()


def test_two_gigabytes_take_little_memory(tmp_path):
    random = np.random.default_rng(0)
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    values = {"layers.70.conv.weight": random.standard_normal((512, 1024, 3, 3), dtype=np.float32)}
    values |= {f"layers.70.bn.{name}": random.uniform(0.5, 1.5, 512) for name in ("weight", "bias", "running_mean", "running_var")}
    sparse_checkpoint(source, pairs(100, kept=80 << 20), values)
    assert source.stat().st_size > 2 << 30
    with removed(source, target), started(source, target) as process:
        peak = 0
        while process.poll() is None:
            found = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())
            peak = max(peak, int(found[1]) << 10) if found else peak
            time.sleep(0.005)
        assert process.returncode == 0, process.stderr.read()
        assert 0 < peak < 400 << 20, f"{peak >> 20} MiB"
        scale = values["layers.70.bn.weight"].astype("f4").astype(float) / np.sqrt(
            values["layers.70.bn.running_var"].astype("f4").astype(float) + 1e-5)
        weight = tensor_of_file(target, "layers.70.conv.weight").reshape(512, -1)
        expected = values["layers.70.conv.weight"].reshape(512, -1) * scale[:, None]
        assert np.abs(weight - expected).max() < 1e-6
        assert not tensor_of_file(target, "layers.69.conv.weight").any()


def read_head(file):
    start = file.read(8)
    return start + file.read(int.from_bytes(start, "little"))


def tensor_of_file(path, name):
    with path.open("rb") as file:
        head = read_head(file)
        low, high = header_of(head)[name]["data_offsets"]
        file.seek(len(head) + low)
        return np.frombuffer(file.read(high - low), "<f4")
