"""A Kubernetes API on loopback whose pods are processes of this machine: create, read, list, watch, patch, delete.

In: requests over TLS with the token of a service account, held to the verbs of its Role. Out: pods with their
phases, and the exit code of the process that `start` made of each. What is neither here nor allowed is refused and
noted in ``refused``. No node, no image, no network policy and no admission is played.
Source: Kubernetes API 1.30, core/v1 Pod; "Efficient detection of changes".
"""

import json
import queue
import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import trustme

Pod = dict[str, Any]

PODS: Final = re.compile(r"/api/v1/namespaces/([a-z0-9-]+)/pods(?:/([a-z0-9.-]+))?")
WATCH_S: Final = 25.0
"""A watch ends by itself, as those of a real server do, and is begun again by the client."""


class RunningPod(Protocol):
    """What the cluster needs of a started pod."""

    def wait(self) -> int:
        """Return its exit code, as a container's."""

    def end(self) -> None:
        """SIGTERM, and SIGKILL after the pod's time of grace."""


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels are as a selector has it: ``a=b``, ``a!=b``, ``a``, ``!a``, ``a in (b)``, ``a notin (b)``."""
    return all(_holds(one.strip(), labels) for one in re.findall(r"[^,(]+(?:\([^)]*\))?", selector))


def _holds(one: str, labels: Mapping[str, str]) -> bool:
    sets = re.fullmatch(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)", one)
    if sets is not None:
        inside = labels.get(sets[1]) in [each.strip() for each in sets[3].split(",")]
        return inside == (sets[2] == "in")
    if "!=" in one:
        name, _, value = one.partition("!=")
        return labels.get(name.strip()) != value.strip()
    if "=" in one:
        name, _, value = one.partition("=")
        return labels.get(name.strip()) == value.strip("= ")
    return one[1:] not in labels if one.startswith("!") else one in labels


class LoopbackCluster:
    """The API on a port, for one namespace. ``verbs`` are what the token's owner may do with pods.

    ``on_event`` gets a line for whatever becomes of a pod, and for each refusal.
    """

    def __init__(
        self,
        port: int,
        namespace: str,
        verbs: frozenset[str],
        start: Callable[[Pod], RunningPod],
        on_event: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.namespace = namespace
        self.verbs = verbs
        self.token = secrets.token_hex(16)
        self.created: list[Pod] = []
        self.refused: list[str] = []
        self._start = start
        self._on_event = on_event
        self._pods: dict[str, Pod] = {}
        self._running: dict[str, RunningPod] = {}
        self._watchers: list[tuple[str, queue.Queue[tuple[str, Pod]]]] = []
        self._version = 0
        self._lock = threading.RLock()
        authority = trustme.CA(organization_name="loopback cluster")
        self.authority_pem: bytes = authority.cert_pem.bytes()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        # The handshake is each connection's own affair: here it would hold up all of them.
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._http.daemon_threads = True
        self.port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    @property
    def version(self) -> int:
        """That of the newest change."""
        return self._version

    def running(self) -> dict[str, RunningPod]:
        """Pods whose process runs."""
        with self._lock:
            return {
                name: process
                for name, process in self._running.items()
                if name in self._pods and self._pods[name]["status"]["phase"] == "Running"
            }

    def close(self) -> None:
        """End the API; the pods are ended by whoever started them."""
        self._http.shutdown()
        self._http.server_close()

    def create(self, body: Pod) -> Pod | None:
        """Make the pod and start its process; None where one of this name is there."""
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        own = {"namespace": self.namespace, "uid": str(uuid4()), "creationTimestamp": now}
        pod = {**body, "metadata": {**body["metadata"], **own}, "status": {"phase": "Pending"}}
        name = pod["metadata"]["name"]
        with self._lock:
            if name in self._pods:
                return None
            self._pods[name] = pod
            self.created.append(pod)
            self._changed("ADDED", pod)
            made = _copied(pod)
        self._on_event(f"{name}: made, for {_task(pod)}")
        threading.Thread(target=self._run, args=(name, made), daemon=True).start()
        return made

    def _run(self, name: str, pod: Pod) -> None:
        try:
            process = self._start(pod)
        except Exception as problem:  # as where a container cannot be made: the pod fails and says why
            self._on_event(f"{name}: not started: {problem!r}")
            self._phase(name, "Failed", {"terminated": {"exitCode": 128, "reason": "ContainerCannotRun"}})
            return
        with self._lock:
            self._running[name] = process
            is_deleted = name not in self._pods
        if is_deleted:
            process.end()
        self._phase(name, "Running", {"running": {}})
        code = process.wait()
        self._on_event(f"{name}: ended with code {code}")
        ended = {"exitCode": code, "reason": "Completed" if code == 0 else "Error"}
        self._phase(name, "Succeeded" if code == 0 else "Failed", {"terminated": ended})

    def _phase(self, name: str, phase: str, state: dict[str, Any]) -> None:
        with self._lock:
            pod = self._pods.get(name)
            if pod is None:
                return
            container = {
                "name": "base",
                "ready": phase == "Running",
                "restartCount": 0,
                "image": "",
                "imageID": "",
            }
            pod["status"] = {"phase": phase, "containerStatuses": [{**container, "state": state}]}
            self._changed("MODIFIED", pod)

    def listed(self, selector: str, fields: str) -> list[Pod]:
        """Pods by labels, and by the field ``status.phase``."""
        with self._lock:
            return [
                _copied(pod)
                for pod in self._pods.values()
                if selects(selector, pod["metadata"].get("labels") or {})
                and selects(fields, {"status.phase": pod["status"]["phase"]})
            ]

    def pod(self, name: str) -> Pod | None:
        """One pod."""
        with self._lock:
            return _copied(self._pods[name]) if name in self._pods else None

    def refuse(self, what: str) -> None:
        """Note a request that was not allowed."""
        self.refused.append(what)
        self._on_event(f"refused: {what}")

    def patch(self, name: str, change: Mapping[str, Any]) -> Pod | None:
        """Labels and annotations; one that is null is taken away."""
        with self._lock:
            pod = self._pods.get(name)
            if pod is None:
                return None
            before = dict(pod["metadata"].get("labels") or {})
            for part in ("labels", "annotations"):
                given = (change.get("metadata") or {}).get(part) or {}
                merged = {**(pod["metadata"].get(part) or {}), **given}
                pod["metadata"][part] = {key: value for key, value in merged.items() if value is not None}
            self._changed("MODIFIED", pod, before)
            return _copied(pod)

    def delete(self, name: str) -> Pod | None:
        """End the process and forget the pod."""
        with self._lock:
            pod = self._pods.pop(name, None)
            if pod is None:
                return None
            pod["metadata"]["deletionTimestamp"] = datetime.now(UTC).isoformat(timespec="seconds")
            self._changed("DELETED", pod)
            process = self._running.get(name)
        if process is not None and pod["status"]["phase"] == "Running":
            self._on_event(f"{name}: deleted while it ran")
            threading.Thread(target=process.end, daemon=True).start()
        return pod

    def _changed(self, kind: str, pod: Pod, before: Mapping[str, str] | None = None) -> None:
        self._version += 1
        pod["metadata"]["resourceVersion"] = str(self._version)
        for selector, waiting in self._watchers:
            if selects(selector, pod["metadata"].get("labels") or {}):
                waiting.put((kind, _copied(pod)))
            elif before is not None and selects(selector, before):
                waiting.put(("DELETED", _copied(pod)))  # it has left what this watch looks at

    def watched(self, selector: str, since: int, seconds: float) -> Iterator[bytes]:
        """Events as lines, at first the newest state of each pod that has changed since."""
        waiting: queue.Queue[tuple[str, Pod]] = queue.Queue()
        with self._lock:
            self._watchers.append((selector, waiting))
            for pod in self.listed(selector, ""):
                if int(pod["metadata"]["resourceVersion"]) > since:
                    waiting.put(("ADDED", pod))
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                try:
                    kind, pod = waiting.get(timeout=1)
                except queue.Empty:
                    continue
                yield json.dumps({"type": kind, "object": pod}).encode() + b"\n"
        finally:
            with self._lock:
                self._watchers.remove((selector, waiting))


def _task(pod: Pod) -> str:
    """The task of a pod, as its annotations have it."""
    notes = pod["metadata"].get("annotations") or {}
    mapped = f"[{notes['map_index']}]" if "map_index" in notes else ""
    return f"{notes.get('dag_id')}.{notes.get('task_id')}{mapped}, try {notes.get('try_number')}"


def _copied(pod: Pod) -> Pod:
    copy: Pod = json.loads(json.dumps(pod))
    return copy


def _handler(cluster: LoopbackCluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            selector, is_watch = query.get("labelSelector", ""), query.get("watch") in ("true", "True", "1")
            if PODS.fullmatch(parts.path) is None and (known := _discovery(parts.path)) is not None:
                self._answer(200, known)
                return
            name = self._allowed("get" if self._name else "watch" if is_watch else "list")
            if name is None:
                return
            if name:
                self._one(cluster.pod(name))
            elif is_watch:
                self._stream(selector, query)
            else:
                pods = cluster.listed(selector, query.get("fieldSelector", ""))
                self._answer(200, _list(pods, cluster.version, self.headers.get("Accept") or ""))

        def do_POST(self) -> None:
            body = self._body()
            if self._allowed("create") is not None:
                pod = cluster.create(body)
                self._answer(409, _status("AlreadyExists", 409)) if pod is None else self._answer(201, pod)

        def do_PATCH(self) -> None:
            body, name = self._body(), self._allowed("patch")
            if name is not None:
                self._one(cluster.patch(name, body))

        def do_DELETE(self) -> None:
            self._body()
            name = self._allowed("delete")
            if name is not None:
                self._one(cluster.delete(name))

        @property
        def _name(self) -> str:
            found = PODS.fullmatch(urlsplit(self.path).path)
            return (found[2] or "") if found is not None else ""

        def _allowed(self, verb: str) -> str | None:
            """The pod's name, empty for all of them; None where the request is answered with a refusal."""
            found = PODS.fullmatch(urlsplit(self.path).path)
            if (self.headers.get("Authorization") or "").lower() != f"bearer {cluster.token}":
                status, reason = 401, "Unauthorized"
            elif found is None or found[1] != cluster.namespace or verb not in cluster.verbs:
                status, reason = 403, "Forbidden"
            else:
                return found[2] or ""
            cluster.refuse(f"{verb} {self.path}: {reason}")
            self._answer(status, _status(reason, status))
            return None

        def _one(self, pod: Pod | None) -> None:
            self._answer(404, _status("NotFound", 404)) if pod is None else self._answer(200, pod)

        def _body(self) -> Any:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return json.loads(content) if content else {}

        def _answer(self, status: int, answer: Any) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _stream(self, selector: str, query: Mapping[str, str]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            seconds = min(WATCH_S, float(query.get("timeoutSeconds", WATCH_S)))
            try:
                for line in cluster.watched(selector, int(query.get("resourceVersion") or 0), seconds):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")
            except OSError:  # the client has gone
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Nothing: `refused` and the pods are what is looked at."""

    return Handler


def _list(pods: list[Pod], version: int, accepts: str) -> dict[str, Any]:
    """Whole pods, or what stands in their ``metadata`` where the client wants no more."""
    kind, api_version, items = "PodList", "v1", pods
    if "as=PartialObjectMetadataList" in accepts:
        kind, api_version = "PartialObjectMetadataList", "meta.k8s.io/v1"
        items = [{"metadata": pod["metadata"]} for pod in pods]
    return {
        "kind": kind,
        "apiVersion": api_version,
        "metadata": {"resourceVersion": str(version)},
        "items": items,
    }


def _status(reason: str, code: int) -> dict[str, Any]:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    return {**status, "reason": reason, "message": f"pods: {reason}", "code": code}


def _discovery(path: str) -> dict[str, Any] | None:
    """As much of the list of what there is as a dynamic client asks for; None for other paths."""
    verbs = ["create", "delete", "get", "list", "patch", "watch"]
    pods = {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": verbs}
    known: dict[str, dict[str, Any]] = {
        "/version": {"major": "1", "minor": "30", "gitVersion": "v1.30.0-loopback"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [pods]},
    }
    return known.get(path.rstrip("/"))
