"""What is set wrongly is told at the start, by the variable's name and without its value."""

from collections.abc import Iterator

import pytest

from services.directory.settings import DirectorySettings, Precedence, provisioning
from shared.settings import WrongSettings, load

PREFIX = "LATERAL_DIRECTORY_SCIM_"


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    provisioning.cache_clear()
    yield
    provisioning.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRECEDENCE", '{"job_title": "zwqvkt"}'),
        ("PRECEDENCE", '{"zwqvkt": "scim"}'),
        ("PRECEDENCE", "zwqvkt"),
        ("TIME_ZONE", "Zwqvkt/Berlin"),
        ("COUNTRY", "zwqvkt"),
        ("EVENT_KEY", "zwqvkt"),
        ("EVENT_KEY", '{"kty": "oct", "k": "zwqvkt"}'),
    ],
)
def test_a_wrong_variable_stops_the_service_at_its_start(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(WrongSettings, match=PREFIX) as told:
        load(DirectorySettings, "directory", database_url="postgresql://unused")
    assert name in str(told.value).upper()
    assert '"zwqvkt"' not in str(told.value)


def test_the_precedence_of_an_attribute_is_set_by_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}PRECEDENCE", '{"job_title": "scim", "work_email": "hr"}')
    load(DirectorySettings, "directory", database_url="postgresql://unused")
    assert provisioning().precedence == Precedence(job_title="scim", work_email="hr")
