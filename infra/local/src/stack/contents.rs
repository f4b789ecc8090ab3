//! The state of the stack: what it begins with, what time does to it, and what it leaves.

use std::path::Path;
use std::sync::Arc;

use crate::console::app::Console;
use crate::console::sweep;
use crate::hosting::schedule;
use crate::options::Options;
use crate::stack::StartError;

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
        imported.map_err(|problem| StartError::Content(problem.detail().to_owned()))?;
    }
    if let Some(seed) = options.seed {
        let seeded = console.seed(seed).await;
        seeded.map_err(|problem| StartError::Content(problem.detail().to_owned()))?;
    }
    Ok(())
}

/// Writes the state to the file of `--export-on-exit`; what goes wrong is logged.
pub(super) async fn export(console: &Console, file: &Path) {
    let written = match console.export().await {
        Ok(text) => std::fs::write(file, text).map_err(|error| error.to_string()),
        Err(problem) => Err(problem.detail().to_owned()),
    };
    if let Err(reason) = written {
        tracing::error!(file = %file.display(), reason, "the state was not exported");
    }
}
