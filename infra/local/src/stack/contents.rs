//! The state of the stack: what it begins with, what time does to it, and what it leaves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::console::app::Console;
use crate::console::sweep;
use crate::hosting::schedule;
use crate::options::Options;
use crate::stack::StartError;

/// The state could not be written at the end.
#[derive(Debug, thiserror::Error)]
#[error("the state was not exported to {}: {reason}", .file.display())]
pub struct ExportError {
    file: PathBuf,
    reason: String,
}

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

/// Writes the state to the file of `--export-on-exit`.
pub(super) async fn export(console: &Console, file: &Path) -> Result<(), ExportError> {
    let failed = |reason| ExportError { file: file.to_owned(), reason };
    let text = console.export().await.map_err(|problem| failed(problem.detail().to_owned()))?;
    std::fs::write(file, text).map_err(|error| failed(error.to_string()))
}
