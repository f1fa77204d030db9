"""Leadership by a file's lock: one at a time, and never outliving its process."""

import subprocess
import sys
from pathlib import Path

from configsvc.controller import FileLeadership, LeasedLeadership

HOLDER = """
import sys
from pathlib import Path
from configsvc.controller import FileLeadership
print(FileLeadership(Path(sys.argv[1])).held(), flush=True)
sys.stdin.read()
"""


class Record:
    """A node's record, as the test says."""

    held = True
    stopped = False

    def stop(self) -> None:
        """See `Lease.stop`."""
        self.stopped = True


def test_node_with_the_oldest_record_leads() -> None:
    """Unless that record may have ended unseen."""
    record, eldest = Record(), [None, "node/b", "node/a", "node/a"]
    leadership = LeasedLeadership(record, "node/a", lambda: eldest.pop(0))
    assert [leadership.held() for _ in range(3)] == [False, False, True]
    record.held = False
    assert not leadership.held()
    leadership.give_up()
    assert record.stopped


def test_one_of_two_leads(tmp_path: Path) -> None:
    """Who asks first leads; the other one leads after it was given up."""
    first, second = FileLeadership(tmp_path / "lock"), FileLeadership(tmp_path / "lock")

    assert [first.held(), first.held(), second.held()] == [True, True, False]
    first.give_up()
    first.give_up()
    assert [second.held(), first.held()] == [True, False]
    second.give_up()


def test_killed_leader_is_followed(tmp_path: Path) -> None:
    """A leader that is killed leaves no lock behind."""
    lock = tmp_path / "lock"
    leadership = FileLeadership(lock)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not leadership.held()
        holder.kill()
        holder.wait()

    assert leadership.held()
    leadership.give_up()
