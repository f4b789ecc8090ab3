//! The state of the stack: what it begins with, what time does to it, and what it leaves.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::console::app::Console;
use crate::console::sweep;
use crate::hosting::schedule;
use crate::options::Options;
use crate::stack::start_error::StartError;

/// Sweeps, and lets rows of the table expire, once a minute.
pub(super) async fn scheduled(console: Arc<Console>) {
    let (functions, clock) = (console.parts.functions.clone(), console.parts.clock.clone());
    let note = |swept: &_| {
        sweep::note_scheduled(&console.timeline, swept, clock.now());
        let (rows, now) = (console.parts.route.rows.clone(), clock.now());
        tokio::spawn(async move {
            if let Err(error) = rows.expire(now).await {
                tracing::error!(error = &error as &dyn std::error::Error, "no row expires");
            }
        });
    };
    schedule::run(functions, clock.clone(), note).await;
}

/// Makes the state that the options ask for.
pub(super) async fn fill(console: &Console, options: &Options) -> Result<(), StartError> {
    if let Some(file) = &options.import {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|source| StartError::Import(file.clone(), source))?;
        let imported = console.import(&text).await;
        imported.map_err(|problem| {
            StartError::Content("--import", format!("{}: {}", file.display(), problem.detail()))
        })?;
    }
    if let Some(seed) = options.seed {
        let seeded = console.seed(seed).await;
        seeded.map_err(|problem| StartError::Content("--seed", problem.detail().to_owned()))?;
    }
    Ok(())
}

/// The state could not be exported at the end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A part of the stack does not give its state.
    #[error("the state cannot be read for --export-on-exit: {0}")]
    Read(String),
    /// The file cannot be written.
    #[error("{} of --export-on-exit cannot be written", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

/// Writes the state to the file of `--export-on-exit`.
///
/// # Errors
/// [`ExportError`]; then the file is as it was.
pub(super) async fn export(console: &Console, file: &Path) -> Result<(), ExportError> {
    let exported = console.export().await;
    let text = exported.map_err(|problem| ExportError::Read(problem.detail().to_owned()))?;
    write_secret(file, &text).map_err(|source| ExportError::Write(file.to_owned(), source))
}

/// Writes a file whole or not at all, readable by its owner only: sessions are in it.
fn write_secret(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut unfinished = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    unfinished.write_all(text.as_bytes())?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(file)?;
    Ok(())
}
