"""The functions that `make bench` compares: how each is built, and the command that runs it."""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

BENCH = Path(__file__).resolve().parent
REPOSITORY = BENCH.parent.parent
sys.path.append(str(REPOSITORY / "infra/aws"))
from packages import Failure, build, environment, file_entry, host_architecture  # noqa: E402

BUILDS = REPOSITORY / "target/bench"
IN_FLIGHT = 16


@dataclass(frozen=True)
class Peer:
    """One column of the table."""

    name: str
    command: tuple[str, ...]
    gives_tokens: bool = True
    takes_many: bool = False  # asks for several events at once when AWS_LAMBDA_MAX_CONCURRENCY says so
    is_native: bool = True  # callgrind can count it
    files: tuple[Path, ...] = ()  # what ships; a folder counts with all in it
    crates: int | None = None
    environment: dict[str, str] = field(default_factory=dict)


def driver() -> Path:
    """Builds the driver without the product's profile: it need not be small."""
    cargo("build", "--release", folder=BENCH / "driver", target=BUILDS / "driver")
    return BUILDS / "driver/release/bench-driver"


def ours() -> Peer:
    """The binary that ships, linked by zig as `make package` links it."""
    binary = kept(build("issue", host_architecture()), "issue")
    crates = len(shipped_crates("acs-broker-function-issue", REPOSITORY))
    return Peer("ours", (str(binary),), takes_many=True, files=(binary,), crates=crates)


def bare() -> Peer:
    """What `lambda_runtime` costs with nothing to do."""
    return rust_peer("bare", "bench-bare", gives_tokens=False)


def naive() -> Peer:
    """The default AWS SDK and the default reqwest."""
    return rust_peer("naive Rust", "bench-naive", gives_tokens=True)


def rust_peer(name: str, package: str, *, gives_tokens: bool) -> Peer:
    folder, target = BENCH / "peers/rust", BUILDS / "rust"
    cargo("build", "--release", "--package", package, folder=folder, target=target)
    binary = target / "release" / package
    return Peer(name, (str(binary),), gives_tokens, files=(binary,), crates=len(shipped_crates(package, folder)))


@functools.cache
def installer() -> ModuleType:
    """Returns tests/tools/install, which has no suffix, as a module."""
    loader = importlib.machinery.SourceFileLoader("install", str(REPOSITORY / "tests/tools/install"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module  # its dataclasses look themselves up there
    loader.exec_module(module)
    return module


def install(name: str, product: str, source: str, megabytes: int, pins: Path, build: Callable[[Path], None]) -> Path:
    """Installs what a peer needs into .tools, unless it is up to date, and returns the folder."""
    tool = installer().Tool(name, (pins,), product, source, megabytes, build)
    with installer().one_at_a_time():
        try:
            if not tool.is_current():
                tool.install()
        except installer().Failure as failure:
            raise Failure(f".tools/{name}: {failure}") from None
    return tool.folder


def kept(binary: Path, name: str) -> Path:
    """Returns a copy that a build meanwhile does not overwrite; a running program would crash."""
    BUILDS.mkdir(parents=True, exist_ok=True)
    copy, partial = BUILDS / name, BUILDS / f"{name}.partial.{os.getpid()}"
    shutil.copy(binary, partial)
    return partial.replace(copy)


def shipped_crates(package: str, folder: Path) -> set[str]:
    """Returns the crates in the binary of a package of the workspace in `folder`, its own included."""
    command = ["cargo", "tree", "--locked", "--package", package, "--edges", "normal,no-proc-macro", "--prefix", "none"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"this failed: {' '.join(command)}")
    return {line.removesuffix(" (*)") for line in done.stdout.splitlines()}


def shipped_bytes(peer: Peer) -> int:
    return sum(file.stat().st_size for file, _ in shipped_files(peer))


def zip_bytes(peer: Peer) -> int:
    """Returns the size of the archive for Lambda, deflated as `make package` does it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        for file, name in shipped_files(peer):
            content.writestr(file_entry(name, 0o755), file.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return len(archive.getvalue())


def shipped_files(peer: Peer) -> list[tuple[Path, str]]:
    """Returns the files with their names in the archive. Lambda calls a native function `bootstrap`."""
    files = []
    for path in peer.files:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found = [file for file in inside if file.is_file() and file.suffix != ".pyc"]
        name = "bootstrap" if peer.is_native else path.name
        files += [(file, str(file.relative_to(path)) if path.is_dir() else name) for file in found]
    return files


def which(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise Failure(f"there is no `{program}`")
    return path


def cargo(*arguments: str, folder: Path, target: Path) -> None:
    command = ["cargo", *arguments, "--locked", "--quiet"]
    settings = {**environment(REPOSITORY), "CARGO_TARGET_DIR": str(target)}
    settings.pop("CARGO_ENCODED_RUSTFLAGS")
    if subprocess.run(command, cwd=folder, env=settings, check=False).returncode != 0:
        raise Failure(f"this failed in {os.path.relpath(folder, REPOSITORY)}: {' '.join(command)}")


def node() -> Peer:
    """Bundled and minified by esbuild, as AWS recommends; the runtime's loop is its own file."""
    folder = install("bench-node", "node_modules/esbuild", "npm", 60, BENCH / "peers/node/package-lock.json",
                     installer().node_packages(BENCH / "peers/node"))
    for name in ("handler.mjs", "runtime.mjs"):
        shutil.copy(BENCH / "peers/node" / name, folder)
    bundle = BUILDS / "node"
    bundle.mkdir(parents=True, exist_ok=True)
    shutil.copy(BENCH / "peers/node/runtime.mjs", bundle)
    # Some of Microsoft's packages call `require`, which a module has to make for them.
    banner = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"
    command = [str(folder / "node_modules/.bin/esbuild"), "handler.mjs", "--bundle", "--minify", "--platform=node",
               "--target=node20", "--format=esm", f"--banner:js={banner}", f"--outfile={bundle / 'handler.mjs'}",
               "--log-level=warning"]
    if subprocess.run(command, cwd=folder, check=False).returncode != 0:
        raise Failure(f"this failed: {' '.join(command)}")
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return Peer(f"Node {version.lstrip('v').split('.')[0]}", (which("node"), str(bundle / "runtime.mjs")),
                takes_many=True, is_native=False, files=(bundle / "handler.mjs",))


def python() -> Peer:
    """With Amazon's own runtime for Python."""
    requirements = BENCH / "peers/python/requirements.txt"
    folder = install("bench-python", "awslambdaric", "PyPI", 75, requirements,
                     installer().python_packages(requirements))
    path = os.pathsep.join([str(folder), str(BENCH / "peers/python")])
    settings = {"PYTHONPATH": path, "AWS_LAMBDA_FUNCTION_HANDLER": "handler.handle",
                "PYTHONDONTWRITEBYTECODE": "1"}
    return Peer("Python {}.{}".format(*sys.version_info), (sys.executable, "-m", "awslambdaric", "handler.handle"),
                is_native=False, files=(folder, BENCH / "peers/python/handler.py"), environment=settings)
