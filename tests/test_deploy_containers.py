"""Image and compose file under `deploy/`: accepted by their tools, closed in, with names that exist."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from pipeline.config.settings import ROOT, load_settings
from tests.deploy_files import DEPLOY, PROGRAMS, is_known_command, unknown_variables

CONTAINERFILE: Final = DEPLOY / "container" / "Containerfile"
EXECUTORS: Final = DEPLOY / "container" / "executors.lock"
COMPOSE: Final = DEPLOY / "compose"
MAKE_SECRETS: Final = COMPOSE / "make_secrets.py"
HOSTS: Final = {
    "ARCHIVE_HOST": "archive.example.org",
    "REPLAY_HOST": "replay.archive.example.org",
    "NIGHTS_SINCE": "2026-12-01T00:00:00+00:00",
}
FROM_OUTSIDE: Final = {"postgres", "valkey", "proxy", "replay-gate", "store-gate"}
"""Services whose image is not ours."""

LOCKED: Final = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def test_the_linter_of_containerfiles_finds_nothing() -> None:
    ran = subprocess.run([PROGRAMS / "hadolint", CONTAINERFILE], capture_output=True, text=True, timeout=60)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_image_takes_each_package_by_name_runs_as_nobody_and_is_given_no_secret() -> None:
    lines = CONTAINERFILE.read_text("utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from=" not in line]
    sources = {source for each in copied for source in each}
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (packages,) = re.findall(r"^PACKAGES := (.*)$", makefile, flags=re.MULTILINE)

    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert set(packages.split()) <= sources
    assert sources.isdisjoint({".", "./", ".env", ".venv", ".git"})
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]
    assert not [
        line for line in lines if re.search(r"(PASSWORD|SECRET|TOKEN|_KEY)=", line.replace("LOG_KEY=", ""))
    ]


def test_the_image_reads_pictures_in_the_languages_that_ci_demands() -> None:
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    (demanded,) = re.findall(r"^  for language in ([a-z ]+); do", ci, flags=re.MULTILINE)
    installed = re.findall(r"tesseract-ocr-([a-z]{3})\b", CONTAINERFILE.read_text("utf-8"))

    assert sorted(installed) == sorted(demanded.split())


def test_the_lock_of_the_executors_has_a_digest_for_each_and_nothing_that_ours_has() -> None:
    text = EXECUTORS.read_text("utf-8")
    names = dict(LOCKED.findall(text))
    digests = [block.count("--hash=sha256:") for block in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]]

    assert {"apache-airflow-providers-celery", "apache-airflow-providers-cncf-kubernetes", "redis"} <= set(names)
    assert set(names).isdisjoint(dict(LOCKED.findall((ROOT / "requirements.lock").read_text("utf-8"))))
    assert tuple(int(part) for part in names["celery"].split(".")[:2]) < (5, 7)
    assert len(digests) == len(names)
    assert min(digests) > 0


def test_the_filter_of_system_calls_leaves_what_chromium_and_our_parsers_confine_themselves_with() -> None:
    rules = json.loads((DEPLOY / "container" / "seccomp.json").read_text("utf-8"))
    denied = {name for rule in rules["syscalls"] for name in rule["names"]}

    assert rules["defaultAction"] == "SCMP_ACT_ALLOW"
    assert {rule["action"] for rule in rules["syscalls"]} == {"SCMP_ACT_ERRNO"}
    assert denied.isdisjoint({"clone", "clone3", "unshare", "setns", "chroot", "mount", "umount2", "seccomp"})
    assert not {name for name in denied if name.startswith("landlock_")}
    assert {"bpf", "kexec_load", "init_module", "perf_event_open", "userfaultfd", "io_uring_setup"} <= denied


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Both files as podman-compose puts them together; of Podman it asks the version alone."""
    programs = tmp_path_factory.mktemp("programs")
    (programs / "podman").write_text("#!/bin/sh\necho 'podman version 4.3.1'\n", "utf-8")
    (programs / "podman").chmod(0o755)
    ran = subprocess.run(
        [PROGRAMS / "podman-compose", "-f", "compose.yaml", "-f", "compose.store.yaml", "config"],
        cwd=COMPOSE,
        env={**os.environ, **HOSTS, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = yaml.safe_load(ran.stdout)
    return found


def test_every_service_is_closed_in(composed: dict[str, Any]) -> None:
    services = composed["services"]
    closed = {
        name
        for name, service in services.items()
        if service.get("read_only") is True
        and service.get("cap_drop") == ["ALL"]
        and "no-new-privileges:true" in service.get("security_opt", ())
        and service.get("user") == "10001:10001"
    }

    assert set(services) - closed == {"postgres"}  # its image begins as root, and gives that up itself
    assert {name for name, service in services.items() if "docker.io" in service["image"]} == FROM_OUTSIDE
    assert {name for name, service in services.items() if service.get("privileged")} == set()
    # Caddy's binary has this one as a file capability: where it is out of reach, the kernel refuses to start it
    assert {name: service["cap_add"] for name, service in services.items() if service.get("cap_add")} == {
        name: ["NET_BIND_SERVICE"] for name in ("proxy", "replay-gate", "store-gate")
    }


def test_every_service_runs_a_command_that_exists(composed: dict[str, Any]) -> None:
    commands = {
        name: service["command"] for name, service in composed["services"].items() if name not in FROM_OUTSIDE
    }
    store, migrate = commands.pop("store"), commands.pop("migrate")

    assert [name for name, words in commands.items() if not is_known_command(words)] == []
    assert store[:2] == ["weed", "mini"]
    assert "-ip.bind=127.0.0.1" in store
    assert "airflow db migrate" in migrate[-1]


def test_only_workers_reach_the_outside_and_only_the_proxy_is_published_on_loopback(
    composed: dict[str, Any],
) -> None:
    services = composed["services"]
    networks = {name: set(service.get("networks", ())) for name, service in services.items()}

    assert {name for name, of_service in networks.items() if "outside" in of_service} == {
        "worker-crawl",
        "worker-on-demand",
        "worker-upkeep",
    }
    assert networks["postgres"] == networks["valkey"] == {"inside"}
    assert networks["proxy"] == {"front"}
    assert networks["store"] == {"store"}
    assert {name for name, of_network in composed["networks"].items() if of_network.get("internal")} == {
        "inside",
        "store",
    }
    assert {name: service["ports"] for name, service in services.items() if service.get("ports")} == {
        "proxy": ["127.0.0.1:443:8443", "127.0.0.1:80:8080"]
    }


def test_every_queue_of_the_dags_has_workers(composed: dict[str, Any]) -> None:
    asked = {
        queue
        for dag in (ROOT / "dags").glob("*.py")
        for queue in re.findall(r'queue="([a-z_]+)"', dag.read_text("utf-8"))
    } | {"default"}
    commands = [
        service["command"] for service in composed["services"].values() if "-q" in service.get("command", ())
    ]
    served = {queue for words in commands for queue in words[words.index("-q") + 1].split(",")}

    assert served == asked


def test_no_file_names_a_variable_that_does_not_exist() -> None:
    files = [CONTAINERFILE, MAKE_SECRETS, *COMPOSE.glob("*.yaml")]

    assert {path.name: unknown_variables(path.read_text("utf-8")) for path in files} == {
        path.name: [] for path in files
    }


@pytest.fixture(scope="module")
def secrets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    ran = made(folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder


def made(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", str(MAKE_SECRETS), "--folder", str(folder), "--lock-days", "30"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_every_secret_that_compose_mounts_is_made_for_its_owner_alone_and_never_twice(
    composed: dict[str, Any], secrets_folder: Path
) -> None:
    named = {Path(secret["file"]).name for secret in composed["secrets"].values()}
    there = {path.name: path.read_bytes() for path in secrets_folder.iterdir()}
    again = made(secrets_folder)

    assert named - set(there) == {"tls_certificate", "tls_key"}  # the operator's own
    assert {path.stat().st_mode & 0o777 for path in secrets_folder.iterdir()} == {0o400}
    assert again.returncode == 2
    assert "nothing was written" in again.stderr
    assert {path.name: path.read_bytes() for path in secrets_folder.iterdir()} == there


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("worker", {"database_writer_url", "database_reader_url"}),
        ("api", {"database_writer_url", "database_reader_url", "database_access_url", "airflow_url"}),
        ("replay", {"database_writer_url", "database_reader_url", "database_access_url"}),
        ("custodian", {"database_writer_url", "database_reader_url", "database_access_url"}),
        (
            "prepare",
            {"database_url", "database_writer_url", "database_reader_url", "database_access_url", "airflow_url"},
        ),
        (
            "purge",
            {"database_writer_url", "database_reader_url", "database_access_url", "s3_purge_access_key"},
        ),
    ],
)
def test_each_part_gets_the_settings_that_it_needs_and_no_others(
    secrets_folder: Path, tmp_path: Path, part: str, given: set[str]
) -> None:
    settings = load_settings({"LETAPIS_DATA": str(tmp_path)}, dotenv=secrets_folder / f"{part}.env")
    asked = (
        "database_url",
        "database_writer_url",
        "database_reader_url",
        "database_access_url",
        "database_sql_url",
        "airflow_url",
        "s3_purge_access_key",
    )

    assert {name for name in asked if getattr(settings, name) is not None} == given
    assert (settings.store().endpoint, settings.store().lock_days) == ("http://store:8334", 30)


def test_the_store_for_trying_out_holds_each_key_to_the_policy_of_its_role(secrets_folder: Path) -> None:
    identities = json.loads((secrets_folder / "s3_identities").read_text("utf-8"))
    policies = {each["name"]: json.loads(each["content"]) for each in identities["policies"]}

    assert policies == {
        role: json.loads((DEPLOY / "s3" / f"{role}.json").read_text("utf-8"))
        for role in ("worker", "reader", "custodian", "purge", "make-bucket")
    }
    assert {each["name"]: each["policyNames"] for each in identities["identities"]} == {
        "worker": ["worker"],
        "reader": ["reader"],
        "custodian": ["custodian"],
        "purge": ["purge"],
        "make-bucket": ["worker", "make-bucket"],
    }
    assert [each["name"] for each in identities["identities"] if "actions" in each] == ["purge"]


@pytest.mark.caddy
@pytest.mark.parametrize("name", ["Caddyfile", "replay-gate.Caddyfile", "store-gate.Caddyfile"])
def test_caddy_accepts_the_file_as_it_would_write_it(name: str, tmp_path: Path) -> None:
    file = DEPLOY / "proxy" / name
    caddy = shutil.which("caddy")
    assert caddy is not None
    upstreams = {"ARCHIVE_UPSTREAM": "api-server:8080", "REPLAY_UPSTREAM": "replay:8093"}
    env = {**os.environ, **HOSTS, **upstreams, "HOME": str(tmp_path)}

    read = subprocess.run(
        [caddy, "adapt", "--adapter", "caddyfile", "--config", file], env=env, capture_output=True, timeout=60
    )
    written = subprocess.run([caddy, "fmt", file], env=env, capture_output=True, text=True, timeout=60)

    assert read.returncode == 0, read.stderr
    assert written.stdout == file.read_text("utf-8")
