"""Kubernetes' files under `deploy/`: built by kustomize, valid to its schemas, closed in, all of one piece.

No cluster runs them here: a kubectl without one builds them, and Kubernetes' own schemas judge the result.
"""

import ipaddress
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from pipeline.config.settings import ROOT, load_settings
from tests.deploy_files import DEPLOY, is_known_command, unknown_variables

pytestmark = pytest.mark.kubectl

FOLDER: Final = DEPLOY / "kubernetes"
MAKE_SECRETS: Final = DEPLOY / "compose" / "make_secrets.py"
OVERLAYS: Final = ("celery", "kubernetes-executor")
VERSIONS: Final = ("1.30", "1.37")
"""The oldest and the newest Kubernetes whose schemas judge the files."""
WORKLOADS: Final = ("Deployment", "StatefulSet", "Job")
WATCHLIST: Final = "letapis-watchlist"
"""The ConfigMap that each installation makes of its own file."""

Resource = Mapping[str, Any]


def kustomized(folder: Path) -> list[Any]:
    ran = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    return list(yaml.safe_load_all(ran.stdout))


@cache
def built(overlay: str) -> list[Any]:
    return kustomized(FOLDER / "overlays" / overlay)


def of_kind(overlay: str, *kinds: str) -> Iterator[Any]:
    return (each for each in built(overlay) if each["kind"] in kinds)


def named(overlay: str, kind: str, name: str) -> Any:
    (found,) = (each for each in of_kind(overlay, kind) if each["metadata"]["name"] == name)
    return found


def settings_of(overlay: str) -> dict[str, str]:
    data: dict[str, str] = named(overlay, "ConfigMap", "letapis-settings")["data"]
    return data


def pods(overlay: str) -> dict[str, Any]:
    """The pod of each workload by its name; the KubernetesExecutor's template with image and arguments added."""
    found = {each["metadata"]["name"]: each["spec"]["template"] for each in of_kind(overlay, *WORKLOADS)}
    if overlay == "kubernetes-executor":
        template = yaml.safe_load(named(overlay, "ConfigMap", "letapis-pods")["data"]["worker.yaml"])
        settings = settings_of(overlay)
        (base,) = template["spec"]["containers"]
        name = settings["AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_REPOSITORY"]
        base["image"] = f"{name}:{settings['AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_TAG']}"
        found["task"] = template
    return found


def containers(pod: Resource) -> list[Any]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


def part_of(pod: Resource) -> str:
    part: str = pod["metadata"]["labels"]["letapis/part"]
    return part


def chosen(selector: Resource, labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes a pod with these labels."""
    given = selector.get("matchLabels", {}).items() <= labels.items()
    listed = all(
        rule["operator"] == "In" and labels.get(rule["key"]) in rule["values"]
        for rule in selector.get("matchExpressions", ())
    )
    return bool(given and listed)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_knows_every_field_of_every_resource(overlay: str, version: str) -> None:
    resources = [*built(overlay)]
    if overlay == "kubernetes-executor":
        resources.append(pods(overlay)["task"])

    for resource in resources:
        kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_setting_exists_and_has_a_value_that_letapis_reads(overlay: str, tmp_path: Path) -> None:
    settings = settings_of(overlay)
    files = [path.read_text("utf-8") for path in FOLDER.rglob("*") if path.is_file()]

    loaded = load_settings(settings | {"LETAPIS_DATA": str(tmp_path)}, dotenv=tmp_path / "none")

    assert unknown_variables("\n".join([*settings, *files])) == []
    assert loaded.replay_url == "https://replay.archive.example.org"
    assert str(loaded.watchlist) == "/etc/letapis/watchlist/watchlist.yaml"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_of_ours_runs_a_command_that_exists(overlay: str) -> None:
    words = {
        f"{name}/{container['name']}": container["args"]
        for name, pod in pods(overlay).items()
        for container in containers(pod)
        if "letapis" in container["image"] and name != "task"  # a task's arguments are Airflow's
    }
    migrate = words.pop("migrate/migrate")

    assert [name for name, each in words.items() if not is_known_command(each)] == []
    assert re.findall(r"^airflow \w+ \w+", migrate[-1], flags=re.MULTILINE) == [
        "airflow db migrate",
        "airflow users create",
        "airflow users create",
    ]


def test_every_queue_of_the_dags_has_workers() -> None:
    demanded = {
        queue
        for dag in (ROOT / "dags").glob("*.py")
        for queue in re.findall(r'queue="([a-z_]+)"', dag.read_text("utf-8"))
    } | {"default"}
    words = [
        container.get("args", ()) for pod in pods("celery").values() for container in pod["spec"]["containers"]
    ]
    served = {queue for each in words if "-q" in each for queue in each[each.index("-q") + 1].split(",")}

    assert served == demanded


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize(
    ("pin", "image"),
    [
        ('newTag: "9.9.9"', "registry.example.org/letapis:9.9.9"),
        (f"digest: sha256:{'ab' * 32}", f"registry.example.org/letapis@sha256:{'ab' * 32}"),
    ],
)
def test_one_line_pins_the_image_of_every_container_and_task(
    overlay: str, pin: str, image: str, tmp_path: Path
) -> None:
    copy = shutil.copytree(FOLDER, tmp_path / "kubernetes", ignore=shutil.ignore_patterns("secrets"))
    site = copy / "site" / "kustomization.yaml"
    site.write_text(site.read_text("utf-8").replace("newTag: 0.2.0", pin), "utf-8")
    plain = {
        found
        for path in [*(FOLDER / "base").glob("*.yaml"), *(FOLDER / "overlays").rglob("*.yaml")]
        for found in re.findall(r"^\s+(?:- )?image: (.*)$", path.read_text("utf-8"), flags=re.MULTILINE)
    }

    resources = kustomized(copy / "overlays" / overlay)
    images = {
        container["image"]
        for each in resources
        if each["kind"] in WORKLOADS
        for container in containers(each["spec"]["template"])
    }

    assert plain == {"letapis", "caddy", "valkey"}
    assert {each for each in images if "/letapis" in each} == {image}
    if overlay == "kubernetes-executor":
        (settings,) = (each["data"] for each in resources if each["metadata"]["name"] == "letapis-settings")
        name = settings["AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_REPOSITORY"]
        assert f"{name}:{settings['AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_TAG']}" == image


def not_restricted(pod: Resource) -> list[str]:
    """What of a pod breaks the profile "restricted" of Kubernetes' Pod Security Standards, or our own rules."""
    spec, of_pod = pod["spec"], pod["spec"]["securityContext"]
    faults = [name for name in ("hostNetwork", "hostPID", "hostIPC", "hostUsers") if name in spec]
    if of_pod["runAsNonRoot"] is not True or of_pod["runAsUser"] == 0:
        faults.append("root")
    if of_pod["seccompProfile"]["type"] not in ("RuntimeDefault", "Localhost"):
        faults.append("seccomp")
    volumes = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
    if not volumes <= {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}:
        faults.append("volumes")
    if spec["automountServiceAccountToken"] is not False:
        faults.append("token")
    for container in containers(pod):
        context = container["securityContext"]
        added = set(context["capabilities"].get("add", ()))
        if (
            context["allowPrivilegeEscalation"] is not False
            or context["readOnlyRootFilesystem"] is not True
            or context["capabilities"]["drop"] != ["ALL"]
            or not added <= {"NET_BIND_SERVICE"}
            or set(context) != {"allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities"}
        ):
            faults.append(container["name"])
        if any("hostPort" in port for port in container.get("ports", ())):
            faults.append(f"{container['name']}: host port")
        if (
            not {"cpu", "memory"} <= set(container["resources"]["requests"])
            or not container["resources"]["limits"]
        ):
            faults.append(f"{container['name']}: resources")
    return faults


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_closed_in_and_only_the_scheduler_of_pods_has_a_token(overlay: str) -> None:
    faults = {name: found for name, pod in pods(overlay).items() if (found := not_restricted(pod))}
    labels = named(overlay, "Namespace", "letapis")["metadata"]["labels"]

    assert faults == ({} if overlay == "celery" else {"scheduler": ["token"]})
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {pod["spec"]["serviceAccountName"] for pod in pods("celery").values()} == {"letapis"}


def test_the_scheduler_makes_pods_and_may_do_nothing_else_in_the_cluster() -> None:
    (role,) = of_kind("kubernetes-executor", "Role", "ClusterRole")
    (binding,) = of_kind("kubernetes-executor", "RoleBinding", "ClusterRoleBinding")

    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "delete", "get", "list", "patch", "watch"]}
    ]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "scheduler", "namespace": "letapis"}]
    assert [*of_kind("celery", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_chromium_keeps_its_sandbox_where_it_runs_and_nowhere_else_is_the_filter_wider(overlay: str) -> None:
    localhost = {
        name
        for name, pod in pods(overlay).items()
        if pod["spec"]["securityContext"]["seccompProfile"]
        == {"type": "Localhost", "localhostProfile": "letapis.json"}
    }

    assert localhost == {name for name, pod in pods(overlay).items() if part_of(pod) == "worker"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_a_crawl_captured_outlives_its_pod(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        if part_of(pod) != "worker":
            continue
        (container,) = pod["spec"]["containers"]
        (volume,) = (each["name"] for each in container["volumeMounts"] if each["mountPath"] == "/var/lib/letapis")
        claimed = [each["name"] for each in pod["spec"]["volumes"] if "persistentVolumeClaim" in each]
        if overlay == "celery":
            workload = named(overlay, "StatefulSet", name)["spec"]
            claimed = [each["metadata"]["name"] for each in workload["volumeClaimTemplates"]]
            assert workload["persistentVolumeClaimRetentionPolicy"] == {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            }
        assert volume in claimed


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_a_pod_names_is_there(overlay: str) -> None:
    there = {
        kind: {each["metadata"]["name"] for each in of_kind(overlay, kind)}
        for kind in ("ConfigMap", "PersistentVolumeClaim", "ServiceAccount", "Service")
    }
    maps, claims, backends = set(), set(), set()
    for pod in pods(overlay).values():
        volumes = pod["spec"]["volumes"]
        maps |= {each["configMap"]["name"] for each in volumes if "configMap" in each}
        maps |= {of["configMapRef"]["name"] for each in containers(pod) for of in each.get("envFrom", ())}
        claims |= {
            each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each
        }
        assert pod["spec"]["serviceAccountName"] in there["ServiceAccount"]
    for ingress in of_kind(overlay, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            backends |= {path["backend"]["service"]["name"] for path in rule["http"]["paths"]}

    assert maps - there["ConfigMap"] == {WATCHLIST}
    assert claims == there["PersistentVolumeClaim"]
    assert backends <= there["Service"]
    assert {each["spec"]["storageClassName"] for each in of_kind(overlay, "PersistentVolumeClaim")} == {"shared"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_two_names_have_tls_and_the_figures_are_not_served(overlay: str) -> None:
    paths = {}
    for ingress in of_kind(overlay, "Ingress"):
        (rule,), (tls,) = ingress["spec"]["rules"], ingress["spec"]["tls"]
        assert tls == {"hosts": [rule["host"]], "secretName": "letapis-tls"}
        paths[rule["host"]] = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    nobody = named(overlay, "Service", "nobody")["spec"]["selector"]

    assert paths == {
        "archive.example.org": {"/archive/metrics": "nobody", "/": "api-server"},
        "replay.archive.example.org": {"/": "replay"},
    }
    assert [
        name for name, pod in pods(overlay).items() if nobody.items() <= pod["metadata"]["labels"].items()
    ] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_under_policies_and_only_workers_reach_the_outside(overlay: str) -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(overlay, "NetworkPolicy")}
    deny = policies.pop("default-deny")
    reached: dict[str, set[str]] = {}
    for name, pod in pods(overlay).items():
        reached[name] = {
            policy
            for policy, spec in policies.items()
            if "Egress" in spec["policyTypes"] and chosen(spec["podSelector"], pod["metadata"]["labels"])
        }
    public = {
        policy
        for policy, spec in policies.items()
        for rule in spec.get("egress", ())
        for peer in rule["to"]
        if "ipBlock" in peer and ipaddress.ip_network(peer["ipBlock"]["cidr"]).prefixlen < 8
    }
    outside = policies["to-the-outside"]["egress"][0]["to"][0]["ipBlock"]["except"]

    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert public == {"to-the-outside"}
    assert {name for name, found in reached.items() if "to-the-outside" in found} == {
        name for name, pod in pods(overlay).items() if part_of(pod) == "worker"
    }
    assert {name for name, found in reached.items() if not found} == ({"valkey"} if overlay == "celery" else set())
    assert reached["replay"] == {"names", "to-database", "to-store"}
    assert "to-store" not in reached["scheduler"]
    assert {"169.254.0.0/16", "168.63.129.16/32"} <= set(outside)
    assert all(peer for spec in policies.values() for rule in spec.get("egress", ()) for peer in rule["to"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_whoever_is_let_out_to_a_pod_is_let_in_there_by_the_same_port(overlay: str) -> None:
    policies = [each["spec"] for each in of_kind(overlay, "NetworkPolicy")]
    ours = {name: pod["metadata"]["labels"] for name, pod in pods(overlay).items()}

    def allowed_flows(direction: str, side: str) -> set[tuple[str, str, int]]:
        return {
            (near, far, port["port"])
            for spec in policies
            for rule in spec.get(direction, ())
            for peer in rule[side]
            if set(peer) == {"podSelector"}
            for near, labels in ours.items()
            if chosen(spec["podSelector"], labels)
            for far, others in ours.items()
            if chosen(peer["podSelector"], others)
            for port in rule["ports"]
        }

    out = allowed_flows("egress", "to")

    assert {(far, near, port) for near, far, port in allowed_flows("ingress", "from")} == out
    assert ("prepare", "api-server", 8080) in out


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_whatever_runs_more_than_once_keeps_running_while_a_node_is_emptied(overlay: str) -> None:
    budgets = [each["spec"] for each in of_kind(overlay, "PodDisruptionBudget")]
    several = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in of_kind(overlay, "Deployment", "StatefulSet")
        if each["spec"]["replicas"] > 1
    }

    covered = {
        name
        for name, labels in several.items()
        if any(chosen(budget["selector"], labels) and budget["maxUnavailable"] == 1 for budget in budgets)
    }

    assert covered == set(several)
    assert len(budgets) == len(several)


def test_the_gate_is_that_of_compose() -> None:
    assert (FOLDER / "base" / "replay-gate.Caddyfile").read_bytes() == (
        DEPLOY / "proxy" / "replay-gate.Caddyfile"
    ).read_bytes()


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The Secrets that an operator makes, by name."""
    folder = tmp_path_factory.mktemp("kubernetes") / "secrets"
    ours = ("--database-host", "db.example.org:5432", "--database-sslmode", "verify-full")
    store = ("--s3-endpoint", "https://s3.example.org", "--lock-days", "30")
    command = [sys.executable, "-I", str(MAKE_SECRETS), "--kubernetes", "--folder", str(folder), *ours, *store]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    return {each["metadata"]["name"]: each for each in kustomized(folder)}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_secret_is_named_here_and_made_elsewhere(overlay: str, secrets: dict[str, Any]) -> None:
    used = {
        volume["secret"]["secretName"]
        for pod in pods(overlay).values()
        for volume in pod["spec"]["volumes"]
        if "secret" in volume
    }
    files = "\n".join(path.read_text("utf-8") for path in FOLDER.rglob("*") if path.is_file())

    for secret in secrets.values():
        kubernetes_validate.validate(secret, VERSIONS[-1], strict=True)
    assert used <= set(secrets)
    assert set(secrets) - used == (set() if overlay == "celery" else {"letapis-valkey"})
    assert {each["metadata"]["namespace"] for each in secrets.values()} == {"letapis"}
    assert [*of_kind(overlay, "Secret")] == []
    assert re.findall(r"secretGenerator|_(?:SECRET|ACCESS)_KEY=|_PASSWORD=|://[^/\s]*:[^/\s]*@", files) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_part_is_given_its_own_secret_and_the_log_key_goes_to_those_who_sign(overlay: str) -> None:
    given = {
        part_of(pod): {volume["secret"]["secretName"] for volume in pod["spec"]["volumes"] if "secret" in volume}
        for pod in pods(overlay).values()
    }
    log = {
        part_of(pod)
        for pod in pods(overlay).values()
        for volume in pod["spec"]["volumes"]
        if volume.get("persistentVolumeClaim") == {"claimName": "log"}
    }
    airflow = {"letapis-airflow"}
    of_celery = {"valkey": {"letapis-valkey"}} if overlay == "celery" else {}

    assert given == of_celery | {
        "api-server": airflow | {"letapis-api"},
        "scheduler": airflow,
        "dag-processor": airflow,
        "triggerer": airflow,
        "worker": airflow | {"letapis-worker"},
        "migrate": airflow | {"letapis-accounts"},
        "prepare": {"letapis-prepare"},
        "replay": {"letapis-replay"},
    }
    assert log == {"prepare", "worker"}


def test_the_page_gives_the_sizes_that_the_files_ask_for() -> None:
    page = (ROOT / "docs" / "deploy-kubernetes.md").read_text("utf-8")
    found = {}
    for overlay in OVERLAYS:
        for name, pod in pods(overlay).items():
            if name in ("migrate", "prepare"):
                continue
            resources = pod["spec"]["containers"][0]["resources"]
            of_cluster = (
                resources["requests"]["cpu"],
                resources["requests"]["memory"],
                resources["limits"]["memory"],
            )
            if name == "task":
                found["`task`, each"] = ("", *of_cluster, "")
                continue
            (workload,) = (
                each["spec"] for each in of_kind(overlay, *WORKLOADS) if each["metadata"]["name"] == name
            )
            disks = [
                each["spec"]["resources"]["requests"]["storage"]
                for each in workload.get("volumeClaimTemplates", ())
            ]
            found[f"`{name}`"] = (str(workload["replicas"]), *of_cluster, *(disks or [""]))

    section = page.partition("## Sizing")[2].partition("## The spool")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"
    ]

    assert {row[0]: tuple(row[1:]) for row in rows} == found
