"""The functions as they ship: built for Amazon Linux 2023, zipped to the same bytes wherever that is done."""

from __future__ import annotations

import io
import os
import platform
import re
import subprocess
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PACKAGES = REPOSITORY / "target/package"  # <function>.zip of each, and its SBOM <function>.cdx.json
PRODUCT = "acs-token-broker"
FUNCTIONS = ("issue", "revoke", "delete", "identity-events", "sweep")
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
# What the runtime provided.al2023 has. Zig links against just that; the machine's own linker would take the
# machine's own glibc, and the binary would start only where that is no newer.
GLIBC = (2, 34)


class Failure(Exception):
    """What went wrong and what to do about it, for the person at the terminal."""


def host_architecture() -> str:
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def build(function: str, architecture: str, repository: Path = REPOSITORY) -> Path:
    """Each package by itself: --workspace would unify its crates' features with those of the tests."""
    target = TARGETS[architecture]
    if not has_standard_library(target):
        raise Failure(f"Rust has no standard library for {target}: rustup target add {target}")
    glibc = ".".join(map(str, GLIBC))
    command = ["cargo", "lambda", "build", "--release", "--locked", "--quiet", "--skip-target-check",
               "--package", f"acs-broker-function-{function}", "--target", f"{target}.{glibc}"]
    folder = target_folder(architecture, repository)
    variables = {**environment(repository), "CARGO_TARGET_DIR": str(folder)}
    if subprocess.run(command, cwd=repository, env=variables, check=False).returncode != 0:
        raise Failure(f"this failed: {' '.join(command)}; is everything installed? `make tools`")
    binary = folder / "lambda" / function / "bootstrap"
    check_glibc(binary)
    return binary


def version() -> str:
    manifest = (REPOSITORY / "Cargo.toml").read_text()
    return re.search(r'^\[workspace\.package\]\nversion = "(.+)"$', manifest, re.MULTILINE)[1]


def target_folder(architecture: str, repository: Path) -> Path:
    """Where cargo-lambda builds. It puts every architecture to the same place, so another machine's has its own."""
    target = repository / "target"
    return target if architecture == host_architecture() else target / architecture


def environment(repository: Path) -> dict[str, str]:
    """The machine's, with the pinned tools, and with nothing in it that gets into the binary."""
    tools = REPOSITORY / ".tools"
    cargo_home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    # Paths of source files are in the messages of panics.
    flags = [f"--remap-path-prefix={repository}=", f"--remap-path-prefix={cargo_home}=cargo"]
    return {
        **os.environ,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_TARGET_DIR": str(repository / "target"),
        "CARGO_ZIGBUILD_CACHE_DIR": str(repository / "target/zig"),
        "PATH": os.pathsep.join([str(tools / "cargo-lambda/bin"), str(tools / "zig/ziglang"), os.environ["PATH"]]),
        "ZIG_GLOBAL_CACHE_DIR": str(repository / "target/zig"),
    }


def has_standard_library(target: str) -> bool:
    command = [os.environ.get("RUSTC", "rustc"), "--print", "target-libdir", "--target", target]
    try:
        folder = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return False
    return folder != "" and Path(folder).is_dir()


def check_glibc(binary: Path) -> None:
    needed = {tuple(map(int, version.split(b"."))) for version in re.findall(rb"GLIBC_(\d+\.\d+)", binary.read_bytes())}
    if max(needed) > GLIBC:
        raise Failure(f"{binary} needs glibc {max(needed)}, and Amazon Linux 2023 has {GLIBC}")


def zipped(binary: Path) -> bytes:
    """The archive that Lambda takes. No time and no owner: the same binary gives the same bytes."""
    entry = file_entry("bootstrap", 0o755)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(entry, binary.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return archive.getvalue()


def file_entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, whatever this machine is
    entry.external_attr = mode << 16
    return entry
