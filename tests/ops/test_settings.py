import re
from pathlib import Path

from ticketapp.settings import as_broker

ROOT = Path(__file__).parents[2]
READ_BY = [
    "ticketapp/settings.py",
    "ticketapp/settings_test.py",
    "ticketapp/asgi.py",
    "bin/_supervisor.py",
    "bin/_environment.py",
    "bin/test",
]
# env.str("X"), secret("X"), os.environ.get("X"), chosen(place, "X"
READS = re.compile(
    r'(?:env\.\w+|secret|environ\.get|chosen)\(\s*(?:place, )?"([A-Z][A-Z_]+)"'
)


def test_every_variable_is_in_the_example():
    sources = "".join((ROOT / name).read_text() for name in READ_BY)
    example = (ROOT / ".env.example").read_text()

    documented = set(re.findall(r"^#?([A-Z][A-Z_]+)=", example, re.MULTILINE))

    assert set(READS.findall(sources)) - {"PYTEST_XDIST_WORKER"} == documented


def test_jobs_use_the_same_redis_database_as_the_rest():
    assert as_broker("redis://r:6379/3") == "redis://r:6379/3"
    assert as_broker("unix:///s") == "redis+socket:///s"
    assert as_broker("unix:///s?db=3") == "redis+socket:///s?virtual_host=3"
