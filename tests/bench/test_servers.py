import os
import subprocess
import sys

import pytest

from bench.servers import read_stat, running, spent


def test_a_line_of_proc_is_read_even_if_the_command_has_brackets_in_it():
    line = "7 (we) ird) S 3 7 7 0 -1 0 0 0 0 0 11 22 33 44 20 0 1 0 5"

    assert read_stat(line) == (7, 3, 11 + 22 + 33 + 44)


def test_what_children_used_counts_for_their_parent():
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    before = spent(os.getpid())

    subprocess.run([sys.executable, "-c", burn], check=True)

    assert spent(os.getpid()) - before >= 0.25  # It counts in hundredths.


def test_a_process_ends_with_its_block_whatever_happens(tmp_path):
    forever = [sys.executable, "-c", "import signal; signal.pause()"]

    with (
        pytest.raises(ZeroDivisionError),
        running(forever, log=tmp_path / "log", environment={}) as process,
    ):
        raise ZeroDivisionError

    assert process.poll() is not None
