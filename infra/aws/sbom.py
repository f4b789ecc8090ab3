"""The software bill of materials: the crates that are in the functions, as CycloneDX 1.6."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterable

from packages import FUNCTIONS, REPOSITORY, TARGETS, Failure, version

REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def sbom(product: str, functions: Iterable[str] = FUNCTIONS, architectures: Iterable[str] = TARGETS) -> bytes:
    """Has no date, and a serial number made of its content: the same Cargo.lock gives the same bytes."""
    shipped: dict[str, str] = {}
    for function in functions:
        for architecture in architectures:
            shipped.update(crates(function, TARGETS[architecture]))
    locked = {f"{package['name']}@{package['version']}": package for package in lock()}
    names = {key: key.rsplit("@", 1)[0] for key in locked}
    roots = sorted(key for key in shipped if names[key].startswith("acs-broker-function-"))
    made = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "bom-ref": product, "name": product, "version": version(),
            "licenses": [{"expression": "MIT OR Apache-2.0"}],
        }},
        "components": [component(key, locked[key], license) for key, license in sorted(shipped.items())],
        "dependencies": [
            {"ref": product, "dependsOn": roots},
            *({"ref": key, "dependsOn": needed(locked[key], names, shipped)} for key in sorted(shipped)),
        ],
    }
    made["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(made)).urn
    return (json.dumps(made, indent=2) + "\n").encode()


def crates(function: str, target: str) -> dict[str, str]:
    """Returns the licence of each crate, by `name@version`. Macros and build scripts do not ship."""
    command = ["cargo", "tree", "--locked", "--package", f"acs-broker-function-{function}", "--target", target,
               "--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe", "--format", "{p}\t{l}"]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"this failed: {' '.join(command)}")
    made = {}
    for line in done.stdout.splitlines():
        package, license = line.split("\t")
        name, version = package.split()[:2]
        made[f"{name}@{version.removeprefix('v')}"] = license
    return made


def lock() -> list[dict]:
    """Reads Cargo.lock, whose form is fixed; Python has no TOML before 3.11."""
    packages = []
    for block in (REPOSITORY / "Cargo.lock").read_text().split("[[package]]\n")[1:]:
        package: dict = dict(re.findall(r'^(\w+) = "(.*)"$', block, re.MULTILINE))
        package["dependencies"] = re.findall(r'^ "(.+)",$', block, re.MULTILINE)
        packages.append(package)
    return packages


def component(key: str, package: dict, license: str) -> dict:
    made = {
        "type": "library", "bom-ref": key, "name": package["name"], "version": package["version"],
        # Some crates write the old form with a slash.
        "licenses": [{"expression": re.sub(r"\s*/\s*", " OR ", license)}],
    }
    if package.get("source") == REGISTRY:
        made["purl"] = f"pkg:cargo/{package['name']}@{package['version']}"
        made["hashes"] = [{"alg": "SHA-256", "content": package["checksum"]}]
    return made


def needed(package: dict, names: dict[str, str], shipped: dict[str, str]) -> list[str]:
    """A dependency in Cargo.lock has its version only where the name has several."""
    keys = []
    for dependency in package["dependencies"]:
        name, *version = dependency.split()
        keys += [f"{name}@{version[0]}"] if version else [key for key in names if names[key] == name]
    return sorted(key for key in keys if key in shipped)
