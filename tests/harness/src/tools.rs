//! The paths of the tools that `make tools` installs; `tests/tools/README.md` lists them.

use std::path::{Path, PathBuf};

/// The folder of a set of Python packages, for `PYTHONPATH`, such as `identity-1.5.0`.
#[must_use]
pub fn python_packages(name: &str) -> PathBuf {
    installed(&format!("python/{name}"))
}

/// The folder of a set of JavaScript packages, with its `node_modules`, such as `identity-1.3.1`.
#[must_use]
pub fn node_packages(name: &str) -> PathBuf {
    installed(&format!("node/{name}"))
}

/// The path of cargo-lambda.
#[must_use]
pub fn cargo_lambda() -> PathBuf {
    installed("cargo-lambda/bin/cargo-lambda")
}

/// The path of a Java runtime that runs DynamoDB Local.
#[must_use]
pub fn java() -> PathBuf {
    installed("dynamodb-local/java")
}

/// The folder of `DynamoDBLocal.jar` and its `DynamoDBLocal_lib`.
#[must_use]
pub fn dynamodb_local() -> PathBuf {
    installed("dynamodb-local/package/emulator")
}

/// The path of a function as `make package` has built it for this machine.
#[must_use]
pub fn packaged(function: &str) -> PathBuf {
    let program = repository().join("target/lambda").join(function).join("bootstrap");
    assert!(program.exists(), "{} is missing: run `make package`", program.display());
    program
}

/// The path of a function as `make arm64` has built it.
#[must_use]
pub fn packaged_for_arm64(function: &str) -> PathBuf {
    let folder = if cfg!(target_arch = "aarch64") { "target" } else { "target/arm64" };
    let program = repository().join(folder).join("lambda").join(function).join("bootstrap");
    assert!(program.exists(), "{} is missing: run `make arm64`", program.display());
    program
}

/// The root of this repository.
#[must_use]
pub fn repository() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package)
}

fn installed(path: &str) -> PathBuf {
    let path = repository().join(".tools").join(path);
    assert!(path.exists(), "{} is missing: run `make tools`", path.display());
    path
}
