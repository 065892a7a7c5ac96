//! Work that blocks, away from the runtime's threads.

use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// Does `work` on a thread of its own and waits for it at most so long; `None` where it has not ended, or could not begin.
///
/// The thread is not one of the runtime's: work that hangs forever does not keep a program from ending.
pub(crate) async fn off_thread<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, ended) = oneshot::channel();
    let begun = thread::Builder::new()
        .name("secret".to_owned())
        .spawn(move || {
            // Whoever waited may have gone.
            drop(done.send(work()));
        });
    begun.ok()?;
    timeout(limit, ended).await.ok()?.ok()
}
