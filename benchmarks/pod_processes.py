"""Starts a pod of Kubernetes as processes of this machine, with its volumes at the paths of its containers.

In: a pod, texts of Secrets and ConfigMaps that it names, a folder for each claim. Out: a process in namespaces
of its own for mounts, processes and the host's name. Its root is this machine's, laid over in memory, read-only,
with our checkout at /opt/letapis as in the image; it runs as the pod's user, without any capability. Whoever kills
its first process kills the pod. Needs root. Not played: images, limits, seccomp profiles, networks.
"""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline.config.settings import ROOT

Pod = Mapping[str, Any]

HOSTS: Final = "127.0.0.1 localhost api-server\n"
"""What the cluster's name server would answer for the one Service that pods ask for."""
USER: Final = "letapis:x:10001:10001::/tmp:/usr/sbin/nologin\n"
"""The image's, in /etc/passwd: Airflow does not run as a user without a name."""
IMAGE: Final = "/opt/letapis"
EXECUTORS: Final = "/opt/executors"
ACCOUNT: Final = "/run/secrets/kubernetes.io/serviceaccount"
"""Below /var/run, which is a link to it."""

FIRST_PROCESS: Final = (
    'trap \'kill -TERM "$c" 2>/dev/null\' TERM; "$@" & c=$!; wait "$c"; r=$?; '
    'while kill -0 "$c" 2>/dev/null; do wait "$c"; r=$?; done; exit "$r"'
)
"""Passes SIGTERM on, as the image's tini does: the first process of a namespace ignores what it does not catch."""


@dataclass(frozen=True)
class Machine:
    """Where pods run: a folder for their logs and volumes, the executors' packages, and what they mount.

    ``texts`` is file by name, by (kind, name of the Secret or ConfigMap). ``account`` are the files of the service
    account's token, for pods that have it mounted.
    """

    folder: Path
    executors: Path
    texts: Mapping[tuple[str, str], Mapping[str, str]]
    account: dict[str, str] = field(default_factory=dict)

    def claim(self, name: str) -> Path:
        """The folder of a claim, made as a volume with ``fsGroup`` is."""
        folder = self.folder / "claims" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            os.chown(folder, 0, 10001)
            folder.chmod(0o2775)
        return folder

    def log(self, pod: str, container: str) -> Path:
        """What a container has printed."""
        return self.folder / "logs" / f"{pod}.{container}.log"


class PodProcess:
    """One container that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", grace_s: float) -> None:
        self._process = process
        self._grace_s = grace_s

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes, the first one first."""
        found = _children(self._process.pid)
        for pid in found:
            found.extend(_children(pid))
        return tuple(found)

    def wait(self) -> int:
        """Return its exit code; `unshare` may make a 1 of a signal that ended it."""
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        """SIGKILL to the first process, with which the kernel ends all others."""
        if self.pids:
            self._send(signal.SIGKILL)
        else:  # it is not there yet, or not any more
            self._process.kill()

    def end(self) -> None:
        """SIGTERM, and SIGKILL when the time of grace is over."""
        self._send(signal.SIGTERM)
        try:
            self._process.wait(self._grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, IndexError):
            os.kill(self.pids[0], number)


def _children(pid: int) -> list[int]:
    """What any of its threads has started."""
    found: list[int] = []
    with suppress(OSError):  # it has ended
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(each) for each in (thread / "children").read_text("ascii").split()]
    return found


def start_pod(machine: Machine, pod: Pod) -> PodProcess:
    """Run the containers that come first, then start the pod's own; one that fails stands for the pod."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    for container in spec.get("initContainers", ()):
        first = start_container(machine, name, spec, container)
        if first.wait():
            return first
    return start_container(machine, name, spec, spec["containers"][0])


def start_container(
    machine: Machine, pod: str, spec: Mapping[str, Any], container: Mapping[str, Any]
) -> PodProcess:
    """Start one container's command."""
    log = machine.log(pod, container["name"])
    log.parent.mkdir(parents=True, exist_ok=True)
    script = "\n".join(_script(machine, pod, spec, container))
    namespaces = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]
    with log.open("ab") as file:
        process = subprocess.Popen(
            [*namespaces, "sh", "-ec", script, "pod", *container.get("command", ()), *container.get("args", ())],
            env=_environment(machine, spec, container),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    return PodProcess(process, float(spec.get("terminationGracePeriodSeconds", 30)))


def image_environment() -> dict[str, str]:
    """What the Containerfile sets for whatever runs in the image."""
    text = (ROOT / "deploy" / "container" / "Containerfile").read_text("utf-8")
    (block,) = re.findall(r"^ENV (PATH=(?:.*\\\n)*.*)$", text, re.MULTILINE)
    return dict(word.split("=", 1) for word in shlex.split(block.replace("\\\n", " ")))


def _environment(machine: Machine, spec: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, str]:
    found = {**image_environment(), "PYTHONPATH": f"{IMAGE}:{EXECUTORS}"}
    if spec.get("automountServiceAccountToken"):
        found |= {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": machine.account["port"]}
    for source in container.get("envFrom", ()):
        found |= machine.texts["ConfigMap", source["configMapRef"]["name"]]
    return found | {each["name"]: each["value"] for each in container.get("env", ()) if "value" in each}


def _script(machine: Machine, pod: str, spec: Mapping[str, Any], container: Mapping[str, Any]) -> list[str]:
    """Lines of a shell that makes the root, and becomes the container's command."""
    place = machine.folder / "root"
    place.mkdir(parents=True, exist_ok=True)
    lines = [
        f"hostname {pod[:63]}",
        "mount --make-rprivate /",
        f"mount -t tmpfs -o mode=0755 pod {place}; cd {place}",
        "mkdir upper work root image image-work volumes",
        "mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root",
        "chmod 0755 root/root",  # where a Python may be installed; in the image it is Debian's
        "mount --rbind /dev root/dev; mount --rbind /sys root/sys; mount -t proc proc root/proc",
        f"mkdir -p root{IMAGE} root{EXECUTORS} root/old",
        f"mount -t overlay -o lowerdir={ROOT},upperdir=image,workdir=image-work overlay root{IMAGE}",
        f": > root{IMAGE}/.env; mount --bind {machine.executors} root{EXECUTORS}",
        f"printf {shlex.quote(HOSTS)} > root/etc/hosts; printf {shlex.quote(USER)} >> root/etc/passwd",
    ]
    volumes = {each["name"]: each for each in spec.get("volumes", ())}
    for mount in sorted(container.get("volumeMounts", ()), key=lambda each: str(each["mountPath"])):
        lines += _mounted(machine, pod, volumes.get(mount["name"], {}), mount)
    if spec.get("automountServiceAccountToken"):
        lines += _files("serviceaccount", machine.account, 0o444)
        lines += [f"mkdir -p root{ACCOUNT}; mount --bind volumes/serviceaccount root{ACCOUNT}"]
    security = spec["securityContext"]
    uid, gid = security["runAsUser"], security["runAsGroup"]
    if container["securityContext"].get("readOnlyRootFilesystem"):
        lines.append(f"mount -o remount,ro root; mount -o remount,ro root{IMAGE}")
    return [
        *lines,
        "cd root; /usr/sbin/pivot_root . old; umount -l /old",
        f"cd {IMAGE}; exec setpriv --reuid {uid} --regid {gid} --groups {security['fsGroup']} --no-new-privs "
        f'--bounding-set=-all --inh-caps=-all -- sh -c {shlex.quote(FIRST_PROCESS)} pod "$@"',
    ]


def _mounted(machine: Machine, pod: str, volume: Mapping[str, Any], mount: Mapping[str, Any]) -> list[str]:
    """Lines that mount one volume; a claim of a StatefulSet's own is named after it and its pod."""
    at = f"root{mount['mountPath']}"
    lines = [f"mkdir -p {at}"]
    if "emptyDir" in volume:
        return [*lines, f"mount -t tmpfs -o mode=2777,gid=10001 {mount['name']} {at}"]
    if "secret" in volume or "configMap" in volume:
        kind, name = (
            ("Secret", volume["secret"]["secretName"])
            if "secret" in volume
            else ("ConfigMap", volume["configMap"]["name"])
        )
        mode = (volume.get("secret") or {}).get("defaultMode", 0o644)
        lines = _files(mount["name"], machine.texts[kind, name], mode)
        source = f"volumes/{mount['name']}"
        if "subPath" in mount:
            source += f"/{mount['subPath']}"
        else:
            lines.append(f"mkdir -p {at}")
    elif "persistentVolumeClaim" in volume:
        source = str(machine.claim(volume["persistentVolumeClaim"]["claimName"]))
    else:
        source = str(machine.claim(f"{mount['name']}-{pod}"))
    lines.append(f"mount --bind {source} {at}")
    if mount.get("readOnly"):
        lines.append(f"mount -o remount,bind,ro {at}")
    return lines


def _files(volume: str, texts: Mapping[str, str], mode: int) -> list[str]:
    """Lines that write files into a folder in memory, of root and the pod's group."""
    lines = [f"mkdir -p volumes/{volume}; chown 0:10001 volumes/{volume}"]
    for name, text in texts.items():
        path = f"volumes/{volume}/{name}"
        lines.append(f"printf %s {shlex.quote(text)} > {path}; chown 0:10001 {path}; chmod {mode:o} {path}")
    return lines
