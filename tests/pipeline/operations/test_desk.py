"""What machines learn of a real archive: readiness without a login, figures with the token, nothing more."""

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.config.settings import Settings, SettingsError
from pipeline.operations.exposition import MEDIA_TYPE
from tests.pipeline.operations.conftest import Operated, machine

TOKEN = "k3Jx-9pQ2-vLm8-Rt5w"


def test_figures_of_the_archive_are_given_with_the_token_of_the_settings(operated: Operated) -> None:
    client = machine(lambda: replace(operated.settings, metrics_token=TOKEN))

    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
    found = {family.name: family.samples for family in text_string_to_metric_families(answer.text)}
    assert [sample.value for sample in found["letapis_captures"]] == [1.0]


def test_settings_that_change_count_at_the_next_question(operated: Operated) -> None:
    settings = [operated.settings]
    client = machine(lambda: settings[0])
    headers = {"Authorization": f"Bearer {TOKEN}"}

    assert client.get("/metrics", headers=headers).status_code == 404
    settings[0] = replace(operated.settings, metrics_token=f"another-{TOKEN}")
    assert client.get("/metrics", headers=headers).status_code == 401
    settings[0] = replace(operated.settings, metrics_token=TOKEN)
    assert client.get("/metrics", headers=headers).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/health/live", 200), ("/health/ready", 503), ("/metrics", 404)])
def test_settings_that_contradict_themselves_are_a_failed_part_and_name_nothing(path: str, status: int) -> None:
    def contradictory() -> Settings:
        raise SettingsError(("LETAPIS_S3_ENDPOINT: expected an address, found 'sesame'.",))

    answer = machine(contradictory).get(path, headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == status
    assert "sesame" not in answer.text
    if path == "/health/ready":
        (part,) = answer.json()["parts"]
        assert (part["name"], part["state"]) == ("settings", "failed")
        assert part["reason"].endswith("`letapis doctor` names what is wrong.")
