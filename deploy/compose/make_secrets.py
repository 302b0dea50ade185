#!/usr/bin/env python3
"""Makes what compose.yaml mounts as secrets: passwords, Airflow's keys, and settings for each part, in `secrets/`.

In: the folder, which must not be there; the addresses of store and database where they are your own. Out: files
for their owner alone; nothing of them is printed. With `--kubernetes` also a kustomization.yaml that makes Secrets
of them. Needs Python 3.11 and nothing else. Nothing is ever written over: these files open the archive. Run as
root, it gives them to the accounts of the containers.
"""

import argparse
import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
POLICIES: Final = HERE.parent / "s3"
OURS: Final = 10001
"""The user of our image, of Valkey and of the proxy."""
POSTGRES: Final = 999
"""The user of PostgreSQL in its official image."""
ROLES: Final = ("letapis", "letapis_writer", "letapis_reader", "letapis_access", "letapis_sql")
STORE_ROLES: Final = ("worker", "reader", "custodian", "purge", "make-bucket")
TLS: Final = {
    "none": "",
    "require": "?sslmode=require",
    "verify-full": "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt",
}
"""What addresses of the database say of TLS; the file has the authorities that the image knows."""
SECRETS: Final = {
    "letapis-airflow": ("fernet_key", "secret_key", "jwt_secret", "sql_alchemy_conn", "broker_url"),
    "letapis-accounts": ("prepare_password", "requests_password"),
    "letapis-valkey": ("valkey.conf=valkey_conf",),
    **{f"letapis-{part}": (f".env={part}.env",) for part in ("api", "worker", "replay", "prepare")},
}
"""Secrets of Kubernetes with their files. Custodians' and purges' keys stay with the persons who use them."""


def main() -> int:
    """Write the folder; exit code 2 where it is there already."""
    options = _options()
    folder: Path = options.folder
    if folder.exists():
        sys.stderr.write(
            f"{folder} is there already; nothing was written. Other secrets would lock the archive out.\n"
        )
        return 2
    files = texts(
        s3_endpoint=options.s3_endpoint,
        s3_keys={role: (f"letapis-{role}", secrets.token_hex(20)) for role in STORE_ROLES},
        bucket=options.bucket,
        lock_mode=options.lock_mode,
        lock_days=options.lock_days,
        database_host=options.database_host,
        sslmode=options.database_sslmode,
    )
    if options.kubernetes:
        files["kustomization.yaml"] = _kustomization()
    folder.mkdir(mode=0o700, parents=True)
    for name, text in files.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if os.geteuid() == 0 and not options.kubernetes:
            owner = POSTGRES if name in ("roles.sql", "postgres_password") else OURS
            os.chown(folder / name, owner, owner)
    if options.kubernetes:
        sys.stdout.write(f"{len(files)} files in {folder}. `kubectl apply -k {folder}` makes Secrets of them.\n")
        return 0
    if os.geteuid() == 0:
        folder.chmod(0o711)  # each container opens its own files
    sys.stdout.write(f"{len(files)} files in {folder}. Put tls_certificate and tls_key beside them.\n")
    return 0


def texts(
    *,
    s3_endpoint: str,
    s3_keys: Mapping[str, tuple[str, str]],
    bucket: str,
    lock_mode: str,
    lock_days: int,
    database_host: str,
    sslmode: str,
) -> dict[str, str]:
    """Each file's text by its name; other ones at each call."""
    password = {role: secrets.token_hex(24) for role in (*ROLES, "airflow", "prepare", "requests", "valkey")}
    encrypted = TLS[sslmode]
    url = {role: f"postgresql://{role}:{password[role]}@{database_host}/letapis{encrypted}" for role in ROLES}
    of_airflow = f"postgresql+psycopg2://airflow:{password['airflow']}@{database_host}/airflow{encrypted}"

    def store(role: str) -> dict[str, str]:
        return {
            "LETAPIS_S3_ENDPOINT": s3_endpoint,
            "LETAPIS_S3_BUCKET": bucket,
            "LETAPIS_S3_ACCESS_KEY": s3_keys[role][0],
            "LETAPIS_S3_SECRET_KEY": s3_keys[role][1],
            "LETAPIS_LOCK_MODE": lock_mode,
            "LETAPIS_LOCK_DAYS": str(lock_days),
        }

    def airflow(user: str) -> dict[str, str]:
        return {
            "LETAPIS_AIRFLOW_URL": "http://api-server:8080",
            "LETAPIS_AIRFLOW_USER": user,
            "LETAPIS_AIRFLOW_PASSWORD": password[user],
        }

    daily = {
        "LETAPIS_DATABASE_WRITER_URL": url["letapis_writer"],
        "LETAPIS_DATABASE_READER_URL": url["letapis_reader"],
    }
    access = daily | {"LETAPIS_DATABASE_ACCESS_URL": url["letapis_access"]}
    settings = {
        "worker": store("worker") | daily,
        "api": store("worker") | access | airflow("requests"),
        "replay": store("reader") | access,
        "prepare": store("make-bucket") | access | {"LETAPIS_DATABASE_URL": url["letapis"]} | airflow("prepare"),
        "custodian": store("custodian") | access,
        "purge": store("worker")
        | access
        | {
            "LETAPIS_S3_PURGE_ACCESS_KEY": s3_keys["purge"][0],
            "LETAPIS_S3_PURGE_SECRET_KEY": s3_keys["purge"][1],
        },
    }
    return {
        "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii"),
        "secret_key": secrets.token_hex(32),
        "jwt_secret": secrets.token_hex(64),
        "sql_alchemy_conn": of_airflow,
        "broker_url": f"redis://:{password['valkey']}@valkey:6379/0",
        "valkey_conf": f"requirepass {password['valkey']}\ndir /data\nappendonly yes\nbind 0.0.0.0\n",
        "postgres_password": secrets.token_hex(24),
        "roles.sql": _roles(password),
        "prepare_password": password["prepare"],
        "requests_password": password["requests"],
        "s3_identities": _identities(s3_keys, bucket),
        **{
            f"{part}.env": "".join(f"{name}={value}\n" for name, value in of_part.items())
            for part, of_part in settings.items()
        },
    }


def _kustomization() -> str:
    """Lists each Secret with its files, for kustomize."""
    lines = [
        "apiVersion: kustomize.config.k8s.io/v1beta1",
        "kind: Kustomization",
        "namespace: letapis",
        "generatorOptions: {disableNameSuffixHash: true}",
        "secretGenerator:",
        *(f"  - {{name: {name}, files: [{', '.join(files)}]}}" for name, files in SECRETS.items()),
    ]
    return "\n".join(lines) + "\n"


def _roles(password: Mapping[str, str]) -> str:
    """What docs/production.md has the database's administrator do, for PostgreSQL's image, which runs it once."""
    logins = "".join(f"CREATE ROLE {role} LOGIN PASSWORD '{password[role]}';\n" for role in (*ROLES, "airflow"))
    return (
        f"{logins}CREATE ROLE letapis_analyst NOLOGIN;\n"
        "CREATE DATABASE airflow OWNER airflow;\n"
        "CREATE DATABASE letapis OWNER letapis TEMPLATE template0 ENCODING 'UTF8'\n"
        "    LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C.UTF-8';\n"
        "\\c letapis\n"
        "CREATE EXTENSION pg_trgm SCHEMA public;\n"
    )


def _identities(s3_keys: Mapping[str, tuple[str, str]], bucket: str) -> str:
    """SeaweedFS's identities, each held to the policy of its role; for compose.store.yaml alone."""
    policies, identities = [], []
    for role, (access_key, secret_key) in s3_keys.items():
        policy = (POLICIES / f"{role}.json").read_text("utf-8").replace(":::letapis", f":::{bucket}")
        policies.append({"name": role, "content": policy})
        identity = {
            "name": role,
            "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
            "policyNames": ["worker", role] if role == "make-bucket" else [role],
        }
        if role == "purge":  # SeaweedFS (4.48) judges this one from the actions, everything else from the policy
            identity["actions"] = ["BypassGovernanceRetention"]
        identities.append(identity)
    return json.dumps({"policies": policies, "identities": identities}, indent=2) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the secrets of compose.yaml, once.")
    parser.add_argument("--folder", type=Path, default=HERE / "secrets", help="default: secrets/ beside this file")
    parser.add_argument("--s3-endpoint", default="http://store:8334", help="default: that of compose.store.yaml")
    parser.add_argument("--bucket", default="letapis")
    parser.add_argument("--lock-mode", choices=("governance", "compliance"), default="governance")
    parser.add_argument("--lock-days", type=int, default=1, help="default: 1, for trying out")
    parser.add_argument("--database-host", default="postgres:5432", help="default: that of compose.yaml")
    parser.add_argument("--database-sslmode", choices=tuple(TLS), default="none", help="default: none")
    parser.add_argument("--kubernetes", action="store_true", help="list them as Secrets, for kubectl apply -k")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
