//! Events that come before the reply that names their run.

use parallax_core::wire::{PaneProgress, RunId};

const MOST: usize = 64;

/// Kept until the run is known, the oldest dropped first.
#[derive(Debug, Default)]
pub(super) struct Early(Vec<(RunId, u32, PaneProgress)>);

impl Early {
    pub(super) fn keep(&mut self, run: RunId, pane: u32, progress: PaneProgress) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push((run, pane, progress));
    }

    pub(super) fn take(&mut self, run: RunId) -> Vec<(u32, PaneProgress)> {
        let taken = self.0.extract_if(.., |it| it.0 == run);
        taken.map(|(_, pane, progress)| (pane, progress)).collect()
    }
}
