"""Ray, as the batch uses it."""

import errno
from pathlib import Path
from unittest.mock import Mock

import pyarrow as pa
import pytest
import ray

from inkdigit.batch.engine import Engine, _hide_token, _knock
from inkdigit.errors import EnvironmentFault

PART = pa.table({"n": [1]})


def fail(_: pa.Table) -> pa.Table:
    raise EnvironmentFault("no room")


def go_wrong(_: pa.Table) -> pa.Table:
    raise RuntimeError("of somebody else")


def fill_the_disk(_: pa.Table) -> pa.Table:
    raise OSError(errno.ENOSPC, "No space left on device", "answers")


def add(part: pa.Table, n: int) -> pa.Table:
    return pa.table({"n": [part["n"][0].as_py() + n]})


@pytest.mark.slow
class TestMap:
    def test_every_part_comes_back(self, engine: Engine) -> None:
        assert [row["n"] for row in engine.map(add, [PART] * 5, 2)] == [3] * 5

    def test_an_error_of_ours_stays_one(self, engine: Engine) -> None:
        with pytest.raises(EnvironmentFault, match=r"^no room$"):
            list(engine.map(fail, [PART]))

    def test_a_full_disk_is_told_in_one_line(self, engine: Engine) -> None:
        with pytest.raises(EnvironmentFault, match=r"^answers: No space left on device; what was read is kept"):
            list(engine.map(fill_the_disk, [PART]))

    def test_a_fault_of_ours_has_its_stack_trace(self, engine: Engine) -> None:
        with pytest.raises(Exception, match="of somebody else"):
            list(engine.map(go_wrong, [PART]))

    def test_what_ray_cannot_do_is_told_in_one_line(self) -> None:
        lost = Mock(exceptions=ray.exceptions)
        lost.cluster_resources.return_value = {}
        done = lost.data.from_arrow.return_value.map_batches.return_value
        done.iter_rows.side_effect = ray.exceptions.RayError("the node is gone\nat 12:00")
        with pytest.raises(EnvironmentFault, match=r"^Ray gave up \(the node is gone\); what was read is kept"):
            list(Engine(lost).map(add, [PART]))


class TestStart:
    @pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999"])
    def test_where_nobody_answers_is_told_at_once(self, address: str) -> None:
        with pytest.raises(EnvironmentFault, match="nobody answers"):
            _knock(address)

    def test_an_address_without_a_port_is_for_ray(self) -> None:
        _knock("auto")

    def test_the_token_is_the_users_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        _hide_token()
        token = tmp_path / ".ray" / "auth_token"
        written = token.read_text()
        assert len(written) == 64
        token.chmod(0o644)
        _hide_token()
        assert token.read_text() == written, "a cluster of the user's may know it"
        assert token.stat().st_mode & 0o777 == 0o600
